"""Where Chromium or Chrome is on this machine, and how tests start it."""

import os
import shutil
from pathlib import Path

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)


def find() -> str | None:
    """The browser to use: `FTWIDGETS_CHROMIUM`, else the first on PATH, else where installers put it."""
    chosen = os.environ.get("FTWIDGETS_CHROMIUM")
    if chosen:
        return chosen
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path), next((path for path in ELSEWHERE if Path(path).exists()), None))

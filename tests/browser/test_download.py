"""A model of the hub, brought from Studio's form: the bar moves, Cancel ends it, and it can be brought again."""

from pathlib import Path

from ftwidgets.demo import model_folder
from tests.patience import PATIENCE

from ..models.hub_server import Hub
from .lab import Lab

STUDIO = """
import os
os.environ |= {{"HF_ENDPOINT": {endpoint!r}, "HF_HUB_OFFLINE": "0", "HF_HUB_CACHE": {cache!r}}}
os.environ["HF_HUB_DOWNLOAD_TIMEOUT"] = "{patience}"  # the hub holds half of it back for as long as the test looks
from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = 10_000  # the built-in model is smaller than the usual one
import ftwidgets
ftwidgets.Studio(model="org/model")
"""
BAR = "() => document.querySelector('.ftw-fetch .progress-bar')?.getBoundingClientRect()"
TRACK = "() => document.querySelector('.ftw-fetch .progress').getBoundingClientRect()"


def test_a_download_is_seen_moving_cancelled_and_begun_again(lab: Lab, tmp_path: Path) -> None:
    hub = Hub({file.name: file.read_bytes() for file in model_folder().iterdir() if file.is_file()})
    try:
        notebook = lab.open(
            [STUDIO.format(endpoint=hub.address, cache=str(tmp_path), patience=PATIENCE)], theme="dark", width=800
        )
        notebook.run(0)
        page = notebook.page
        page.get_by_role("button", name="Look at it").click()
        bring = page.get_by_role("button", name="Download the weights")
        bring.wait_for()
        hub.held = "model.safetensors"
        for cancelled in (True, False):
            bring.click()
            page.locator(".ftw-fetch", has_text=" MB of ").wait_for()
            page.wait_for_function(f"() => (({BAR})()?.width ?? 0) > 0.4 * ({TRACK})().width")  # half is held back
            assert page.evaluate(BAR)["height"] == 8  # ipywidgets' own margins left nothing of it
            assert page.evaluate(BAR)["width"] < 0.6 * page.evaluate(TRACK)["width"]
            if cancelled:
                page.locator(".ftw-fetch").get_by_role("button", name="Cancel").click()
                page.locator(".ftw-fetch button:disabled").wait_for()  # the kernel has heard it
                hub.go_on.set()
                bring.wait_for()
                hub.go_on.clear()
        hub.go_on.set()
        page.locator(".ftw-fetch").wait_for(state="hidden")
        page.locator(".ftw-card-facts", has_text="1.87 M parameters").wait_for()
    finally:
        hub.close()

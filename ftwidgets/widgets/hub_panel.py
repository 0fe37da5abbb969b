"""A model that is on the hub and not here, or only in part: look at it, then bring it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.background import UnderWay
from ftwidgets.widgets.press import Press
from ftwidgets.widgets.text import paragraph, safe

LOOK = "Look at it"
LOOK_HELP = "Bring its small files from the hub, a few megabytes: its card appears, and whether it fits"
BRING = "Download the weights"
BRING_HELP = "Bring the rest from the hub. Files that came whole are kept where this is cancelled"
CANCEL_HELP = "Stop the download; files that came whole are kept"
ELSEWHERE = "{model} is not on this machine. Look at it first, or press Train: the run brings it."
PART = "Only a part of it is on this machine. Download the rest here, or press Train: the run brings it."

Fetch = Callable[[str, str | None, bool], UnderWay]  # fetch(model, revision, small_only)


class HubPanel(w.VBox):
    """Shown while a hub model is not whole on this machine.

    Args:
        fetch: Starts to bring a model.
        came: Called when some of it has come.
        changed: Called when a download begins or ends.
    """

    def __init__(self, fetch: Fetch, came: Callable[[], None], changed: Callable[[], None]):
        self._fetch, self._came = fetch, came
        self._about: tuple[str, str | None, bool] | None = None
        self.button = Press(
            LOOK,
            "cloud-download",
            LOOK_HELP,
            cancel=CANCEL_HELP,
            begin=lambda: self._fetch(*self._about) if self._about else None,
            follow=self._follow,
            tell=lambda _: self._finish(None),
            fail=self._finish,
            changed=changed,
        )
        self._what = paragraph()
        self._bar = w.FloatProgress(min=0, max=1, tooltip="How much of it has come")
        self._said = paragraph(kind="quiet")
        line = w.HBox([self.button, self._bar, self._said])
        line.add_class("ftw-fetch")
        super().__init__([self._what, line])
        self.hide()
        self._finish(None)

    @property
    def busy(self) -> bool:
        """Whether a download goes on."""
        return self.button.busy

    def show(self, model: str, revision: str | None, part: bool, free: bool = True) -> None:
        """Offer to look at a model, or to bring the rest of it (``part``); ``free=False`` while a run goes on."""
        about = (model, revision, not part)
        if about != self._about and not self.busy:
            self._about = about
            self._said.value = ""
            self._what.value = safe(PART if part else ELSEWHERE.format(model=model))
            self.button.name(*((BRING, BRING_HELP) if part else (LOOK, LOOK_HELP)))
        self.button.offer(free)
        self.layout.display = ""

    def hide(self) -> None:
        """The model is here, or none of the hub. What goes on stays in sight."""
        if not self.busy:
            self._about = None
            self.layout.display = "none"

    def _follow(self, progress: Mapping[str, Any]) -> None:
        done, total = progress.get("done"), progress.get("total")
        self._bar.layout.display = ""
        self._bar.value = done / total if done is not None and total else 0
        name = self._about[0] if self._about else ""
        amount = f": {_bytes(done)} of {_bytes(total)}" if done is not None and total else "…"
        self._said.value = safe(f"{name}{amount}")

    def _finish(self, error: FtwidgetsError | None) -> None:
        self._bar.layout.display = "none"
        self._said.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>' if error else ""
        if self._about is not None:
            self._came()


def _bytes(count: float) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"

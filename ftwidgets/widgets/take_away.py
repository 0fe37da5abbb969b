"""Take away: the buttons that make an adapter folder, a merged model, a GGUF file and the rest of a finished run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as w

from ftwidgets.runs import Run
from ftwidgets.widgets.text import paragraph, safe

Export = Callable[[Run, str, str | None, Callable[..., None]], Any]  # export(run, to, target, progress) -> a text

BUTTONS = {  # kind: description, what it makes
    "adapter": ("Adapter", "A small PEFT folder, to put on the base model anywhere"),
    "merged": ("Merged model", "One 16-bit model: adapter merged into the unquantised base, and compared with it"),
    "gguf": ("GGUF file", "For llama.cpp and what is built on it; made by llama.cpp's own converter"),
    "card": ("Model card", "README.md with data, options, curves and answers before and after"),
    "script": ("TRL script", "A folder with a script that repeats this run without ftwidgets"),
    "hub": ("Push to hub", "Push the adapter with its card to a private repository on the Hugging Face hub"),
}
EMPTY = "Train first: what was learnt can then be taken away."
GOES_ON = "The run still goes on: it can be taken away when it ends."
TARGET = "target"
TARGET_HELP = "Folder or file to make; empty: a name in the run's folder. For the hub: your-name/repository"


class TakeAway(w.VBox):
    """A target, a button for each kind of export, and what came of it.

    Args:
        export: Makes one and returns what can be said of it as ``str``; called in a thread of its own. Called as
            ``export(run, to, target, progress)`` with ``progress(phase, done, total, text)``; ``target`` is ``None``
            where the field is empty.
    """

    def __init__(self, export: Export):
        self._export = export
        self._run: Run | None = None
        self._busy = False
        self.target = w.Text(description=TARGET, placeholder="in the run's folder", tooltip=TARGET_HELP)
        self.target.add_class("ftw-control")
        self.target.style.description_width = "initial"
        self.buttons = {kind: w.Button(description=name, tooltip=made) for kind, (name, made) in BUTTONS.items()}
        for kind, button in self.buttons.items():
            button.on_click(partial(self._press, kind))
        cells = [
            cell for kind, button in self.buttons.items() for cell in (button, paragraph(BUTTONS[kind][1], "help"))
        ]
        choices = w.GridBox(cells)
        choices.add_class("ftw-exports")
        self.state = paragraph(EMPTY, "help")
        self.state.add_class("ftw-take-away-state")
        field = w.VBox([self.target, paragraph(TARGET_HELP, "help")])
        super().__init__([paragraph("Take away", "section"), field, choices, self.state])
        self.add_class("ftw-take-away")
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Offer what can be taken from ``run``. May be called from any thread."""
        other = run is not self._run
        self._run = run
        ready = run is not None and run.ended and not self._busy
        for button in self.buttons.values():
            button.disabled = not ready
        if run is None or not run.ended:
            self._say(EMPTY if run is None else GOES_ON)
        elif other or self.state.value in (safe(EMPTY), safe(GOES_ON)):
            self._say("")

    def _press(self, kind: str, _: Any = None) -> None:
        run = self._run
        if run is None or self._busy:
            return
        self._busy = True
        for button in self.buttons.values():
            button.disabled = True
        self._say("…")
        target = self.target.value.strip() or None
        threading.Thread(target=self._work, args=(run, kind, target), name=f"export of {run.id}", daemon=True).start()

    def _work(self, run: Run, kind: str, target: str | None) -> None:
        try:
            self._say(f"✓ {self._export(run, kind, target, self._progress)}")
        except Exception as error:  # noqa: BLE001 - shown to the person who pressed
            self.state.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
        finally:
            self._busy = False
            ready = self._run is not None and self._run.ended
            for button in self.buttons.values():
                button.disabled = not ready

    def _progress(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
        share = f" {done:g} of {total:g}" if done is not None and total else ""
        self._say(f"{phase.capitalize()}{share} {text}".strip() + "…")

    def _say(self, text: str) -> None:
        self.state.value = safe(text) if text else ""

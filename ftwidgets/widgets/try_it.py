"""Try: ask the model with the adapter off and on, side by side, from the one loaded model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import ipywidgets as w

from ftwidgets.runs import Run
from ftwidgets.widgets.samples import marked_difference
from ftwidgets.widgets.text import paragraph, safe

Ask = Callable[..., Future]  # ask(run, prompt, adapter=, max_new_tokens=, temperature=, seed=, on_text=)
SIDES = (("base", False), ("trained", True))


class TryIt(w.VBox):
    """A prompt, sampling controls, and two answers."""

    def __init__(self, ask: Ask):
        self._ask = ask
        self._run: Run | None = None
        self._waiting = 0
        self._answers: dict[str, str] = {}
        self.prompt = w.Textarea(
            description="prompt", rows=3, placeholder="Write to the model", tooltip="What both sides are asked"
        )
        self._tokens = w.BoundedIntText(
            64, min=1, max=8192, description="max_new_tokens", tooltip="Longest answer, in tokens"
        )
        self._temperature = w.BoundedFloatText(
            0.0, min=0, max=5, step=0.1, description="temperature", tooltip="0 takes the likeliest token each time"
        )
        self._seed = w.BoundedIntText(0, min=0, max=2**31, description="seed", tooltip="The same seed, the same answer")
        for control in (self.prompt, self._tokens, self._temperature, self._seed):
            control.add_class("ftw-control")
            control.style.description_width = "initial"
        self.button = w.Button(description="Ask both", icon="comments", tooltip="Ask the base and the trained model")
        self.button.on_click(lambda _: self.ask())
        self._note = paragraph("Train first: then both models answer here.", "empty")
        controls = w.HBox([self._tokens, self._temperature, self._seed, self.button])
        controls.add_class("ftw-ask")
        self._texts = {name: w.HTML() for name, _ in SIDES}
        columns = []
        for name, text in self._texts.items():
            column = w.VBox([paragraph(f"{name} model", "side"), text])
            column.add_class("ftw-answer")
            columns.append(column)
        answers = w.HBox(columns)
        answers.add_class("ftw-answers")
        super().__init__([self.prompt, controls, self._note, answers])
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Let the person ask the model of ``run``."""
        self._run = run
        ready = run is not None and run.model is not None and run.config.method != "reward"
        self.button.disabled = not ready or self._waiting > 0
        if run is None:
            note = "Train first: then both models answer here."
        elif not ready:
            note = "The model is not ready to answer yet."
        elif run.status == "training":
            note = "The run answers between two steps and goes on exactly as it would have. Pause it to ask at leisure."
        else:
            note = ""
        self._note.value = safe(note) if note else ""
        self._note.layout.display = "" if note else "none"

    def ask(self) -> None:
        """Ask both sides. Returns at once."""
        if self._run is None or not self.prompt.value.strip():
            return
        self._answers = {name: "" for name, _ in SIDES}
        self._waiting = len(SIDES)
        self.button.disabled = True
        for name, adapter in SIDES:
            self._texts[name].value = safe("…")
            try:
                future = self._ask(
                    self._run,
                    self.prompt.value,
                    adapter=adapter,
                    max_new_tokens=self._tokens.value,
                    temperature=self._temperature.value,
                    seed=self._seed.value,
                    on_text=partial(self._write, name),
                )
            except ValueError as error:
                self._texts[name].value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
                self._done()
            else:
                future.add_done_callback(partial(self._finish, name))

    def _write(self, name: str, piece: str) -> None:
        self._answers[name] += piece
        self._texts[name].value = safe(self._answers[name] + "▍")

    def _finish(self, name: str, answered: Future[Any]) -> None:
        error = answered.exception()
        if error is not None:
            self._texts[name].value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
        else:
            self._answers[name] = answered.result()
            self._texts[name].value = safe(self._answers[name] or "(no text)")
        self._done()

    def _done(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            if all(self._answers.values()):
                self._texts["trained"].value = marked_difference(self._answers["base"], self._answers["trained"])
            self.button.disabled = False

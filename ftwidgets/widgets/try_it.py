"""Try: talk to the model with the adapter off and on, side by side, from the one loaded model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import ipywidgets as w

from ftwidgets.runs import Run
from ftwidgets.widgets.text import paragraph, safe
from ftwidgets.widgets.transcript import Transcript

Ask = Callable[..., Future]  # ftwidgets.ask
SIDES = (("base", False), ("trained", True))
CHAT, COMPLETE = "a message (chat)", "text to go on with"

ASK = ("Ask both", "comments", "Ask the base and the trained model")
STOP = ("Stop both", "stop", "End both answers where they are")


class TryIt(w.VBox):
    """A prompt, sampling controls, and what the base and the trained model make of it.

    As a message, each side keeps its own conversation until a new one is begun; as text, each prompt stands alone.
    """

    def __init__(self, ask: Ask):
        self._ask = ask
        self._run: Run | None = None
        self._ready = False
        self._waiting = 0
        self._heard_enough = False
        self.prompt = w.Textarea(
            description="prompt", rows=3, placeholder="Write to the model", tooltip="What both sides are asked"
        )
        self.kind = w.Dropdown(
            options=[CHAT, COMPLETE],
            description="prompt is",
            tooltip="A message goes through the chat template, as instruct models expect; text is read as it stands",
        )
        self._tokens = w.BoundedIntText(
            64, min=1, max=8192, description="max_new_tokens", tooltip="Longest answer, in tokens"
        )
        self._temperature = w.BoundedFloatText(
            0.0, min=0, max=5, step=0.1, description="temperature", tooltip="0 takes the likeliest token each time"
        )
        self._top_p = w.BoundedFloatText(
            1.0,
            min=0.01,
            max=1,
            step=0.05,
            description="top_p",
            tooltip="Above temperature 0: sample among the likeliest tokens that together hold this share",
        )
        self._seed = w.BoundedIntText(0, min=0, max=2**31, description="seed", tooltip="The same seed, the same answer")
        sampling = [self.kind, self._tokens, self._temperature, self._top_p, self._seed]
        for control in (self.prompt, *sampling):
            control.add_class("ftw-control")
            control.style.description_width = "initial"
        self.button = w.Button()
        self.button.on_click(lambda _: self.stop() if self._waiting else self.ask())
        self.new = w.Button(
            description="New conversation", icon="eraser", tooltip="Both sides forget what was said so far"
        )
        self.new.on_click(lambda _: self._begin())
        self._note = paragraph("Train first: then both models answer here.", "empty")
        buttons = w.HBox([self.button, self.new])
        buttons.add_class("ftw-ask-buttons")
        controls = w.HBox([*sampling, buttons])
        controls.add_class("ftw-ask")
        self.sides = {name: Transcript(f"{name} model") for name, _ in SIDES}
        answers = w.HBox(list(self.sides.values()))
        answers.add_class("ftw-answers")
        super().__init__([self.prompt, controls, self._note, answers])
        self.kind.observe(lambda _: self._begin(), "value")
        self._begin()
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Let the person ask the model of ``run``."""
        if run is not None and run is not self._run:
            self.kind.value = COMPLETE if run.config.method == "pretrain" else CHAT
            self._begin()
        self._run = run
        self._ready = run is not None and run.model is not None and run.config.method != "reward"
        self._enable()
        if run is None:
            note = "Train first: then both models answer here."
        elif not self._ready:
            note = "The model is not ready to answer yet."
        elif run.status == "training":
            note = "The run answers between two steps and goes on exactly as it would have. Pause it to ask at leisure."
        else:
            note = ""
        self._note.value = safe(note) if note else ""
        self._note.layout.display = "" if note else "none"

    def ask(self) -> None:
        """Ask both sides. Returns at once."""
        text = self.prompt.value
        if not self._ready or not text.strip() or self._waiting:
            return
        chat = self.kind.value == CHAT
        self._waiting, self._heard_enough = len(SIDES), False
        self._enable()
        for name, adapter in SIDES:
            side = self.sides[name]
            try:
                future = self._ask(
                    self._run,
                    side.ask(text, chat),
                    adapter=adapter,
                    chat=chat,
                    max_new_tokens=self._tokens.value,
                    temperature=self._temperature.value,
                    top_p=self._top_p.value,
                    seed=self._seed.value,
                    on_text=partial(self._hear, side),
                )
            except ValueError as error:
                side.fail(error)
                self._done()
            else:
                future.add_done_callback(partial(self._finish, side))

    def stop(self) -> None:
        """End both answers where they are. Returns at once."""
        self._heard_enough = True
        self._enable()

    def _hear(self, side: Transcript, piece: str) -> bool:
        side.write(piece)
        return not self._heard_enough

    def _finish(self, side: Transcript, answered: Future[Any]) -> None:
        error = answered.exception()
        if error is not None:
            side.fail(error)
        else:
            side.finish(answered.result())
        self._done()

    def _done(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self.sides["trained"].mark_against(self.sides["base"])
            self._enable()

    def _begin(self) -> None:
        """A new conversation."""
        if not self._waiting:
            for side in self.sides.values():
                side.clear()
            self._enable()

    def _enable(self) -> None:
        """Between a question and its two answers nothing can be asked or forgotten, only ended."""
        busy = self._waiting > 0
        self.button.description, self.button.icon, self.button.tooltip = STOP if busy else ASK
        self.button.disabled = self._heard_enough if busy else not self._ready
        self.kind.disabled = busy
        self.new.disabled = busy or not self.sides["base"].messages
        self.new.layout.display = "" if self.kind.value == CHAT else "none"

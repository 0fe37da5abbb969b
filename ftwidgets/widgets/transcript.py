"""What one side was asked and said."""

from __future__ import annotations

import ipywidgets as w

from ftwidgets.widgets.samples import marked_difference
from ftwidgets.widgets.text import paragraph, safe

Messages = list[dict[str, str]]


class Transcript(w.VBox):
    """A conversation, or one text and how it went on, under a title.

    Attributes:
        messages: What was said so far, of the roles ``user`` and ``assistant``; empty for a text to go on with.
    """

    def __init__(self, title: str):
        self.messages: Messages = []
        self._asked = self._answer = ""
        self._chat = True
        self._html = w.HTML()
        super().__init__([paragraph(title, "side"), self._html])
        self.add_class("ftw-answer")

    def clear(self) -> None:
        """Forget all that was said."""
        self.messages = []
        self._html.value = ""

    def ask(self, text: str, chat: bool) -> str | Messages:
        """The prompt for the model: ``text`` behind what was said before, or alone."""
        self._asked, self._answer, self._chat = text, "", chat
        self._show(safe("…"))
        return [*self.messages, {"role": "user", "content": text}] if chat else text

    def write(self, piece: str) -> None:
        """A piece of the answer has come."""
        self._answer += piece
        self._show(safe(self._answer + "▍"))

    def finish(self, answer: str) -> None:
        """The answer is whole."""
        self._answer = answer
        self._show(self._last())
        if self._chat:
            self.messages += [{"role": "user", "content": self._asked}, {"role": "assistant", "content": answer}]

    def fail(self, error: object) -> None:
        """There is no answer. What was said before stays."""
        self._answer = ""
        way_out = " Or begin a new conversation." if self.messages else ""
        self._show(f'<span class="ftw-problem">⚠ {safe(f"{error}{way_out}")}</span>')

    def mark_against(self, other: Transcript) -> None:
        """Mark what differs in the last answer from the one on the other side."""
        if self._answer and other._answer:
            self._show(marked_difference(other._answer, self._answer), said=self.messages[:-2])

    def _last(self) -> str:
        return safe(self._answer or "(no text)")

    def _show(self, answer: str, said: Messages | None = None) -> None:
        turns = [*(self.messages if said is None else said)]
        if self._chat:
            turns.append({"role": "user", "content": self._asked})
        told = "".join(f'<div class="ftw-turn ftw-turn-{turn["role"]}">{safe(turn["content"])}</div>' for turn in turns)
        self._html.value = f'{told}<div class="ftw-turn">{answer}</div>'

"""What the chosen model is, told from its files before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.text import paragraph, safe


class ModelPanel(w.VBox):
    """Reads a model's card in the background and shows it.

    Attributes:
        card: The model's card, ``None`` while reading or when it cannot be read.
        error: Why no run can start with it, or an empty string.
        kind: `` (instruct)``, `` (base)`` or an empty string, for the header.
    """

    def __init__(self, on_card: Callable[[], None]):
        self.card: Any = None
        self.error = ""
        self.kind = ""
        self._on_card = on_card
        self._asked: tuple[str, str | None] | None = None
        self._method = ""
        self._text = paragraph(kind="card")
        self._worker = Latest(_read, self._show, self._fail)
        super().__init__([self._text])

    def show(self, model: str, revision: str | None, method: str) -> None:
        """Show the card of ``model``, unless it is on show."""
        self._method = method
        if (model, revision) == self._asked:
            if self.card is not None:
                self._write()
            return
        self._asked = (model, revision)
        self.card, self.error, self.kind = None, "", ""
        self._text.value = safe("Reading the model's files…")
        self._worker.ask(model, revision)

    def _show(self, card: Any) -> None:
        self.card = card
        blocking = [f"{p.message} {p.advice}" for p in card.problems if p.blocking]
        self.error = blocking[0] if blocking else ""
        self.kind = f" ({card.kind.name})" if card.kind.name in ("base", "instruct") else ""
        self._write()
        self._on_card()

    def _write(self) -> None:
        lines = "".join(f"<li>{safe(line)}</li>" for line in [*self.card.lines(), *self.card.concerns(self._method)])
        self._text.value = f"<ul>{lines}</ul>"

    def _fail(self, error: Exception) -> None:
        self.card, self.kind = None, ""
        self.error = str(error)
        self._text.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
        self._on_card()


def _read(model: str, revision: str | None) -> Any:
    from ftwidgets.models import card

    return card(model, revision)

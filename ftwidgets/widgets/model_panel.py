"""What the chosen model is, told from its files before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from ftwidgets.models import ModelCard, card
from ftwidgets.models.sources import ModelNotFoundError
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.model_card import ModelCardView
from ftwidgets.widgets.text import paragraph, safe


class ModelPanel(w.VBox):
    """Reads a model's card in the background and shows it.

    Attributes:
        card: The model's card, ``None`` while reading or when it cannot be read.
        error: Why no run can start with it, or an empty string.
        kind: `` (instruct)``, `` (base)`` or an empty string, for the header.
    """

    def __init__(self, on_card: Callable[[], None]):
        self.card: ModelCard | None = None
        self.error = ""
        self.kind = ""
        self._on_card = on_card
        self._asked: tuple[str, str | None] | None = None
        self._method = ""
        self._state = paragraph()
        self._view = ModelCardView()
        self._worker = Latest(card, self._show, self._fail)
        super().__init__([self._state, self._view])
        self.add_class("ftw-card")

    def show(self, model: str, revision: str | None, method: str) -> None:
        """Show the card of ``model``, unless it is on show."""
        changed = method != self._method
        self._method = method
        if (model, revision) == self._asked:
            if self.card is not None and changed:
                self._view.show(self.card, method)
            return
        self._asked = (model, revision)
        self.card, self.error, self.kind = None, "", ""
        self._say("Reading the model's files…")
        self._worker.ask(model, revision)

    def _show(self, found: ModelCard) -> None:
        self.card = found
        self.error = f"{found.blocking[0].message} {found.blocking[0].advice}" if found.blocking else ""
        self.kind = f" ({found.kind.name})" if found.kind.name in ("base", "instruct") else ""
        self._say("")
        self._view.show(found, self._method)
        self._on_card()

    def _fail(self, error: Exception) -> None:
        self.card, self.kind = None, ""
        model = (self._asked or ("", None))[0]
        # A hub id that is not here yet is no mistake: the run downloads it.
        downloadable = isinstance(error, ModelNotFoundError) and model.count("/") == 1 and not model.startswith("/")
        self.error = "" if downloadable else str(error)
        self._say(str(error), bad=not downloadable)
        self._on_card()

    def _say(self, text: str, bad: bool = False) -> None:
        self._state.value = f'<span class="ftw-problem">⚠ {safe(text)}</span>' if bad else safe(text) if text else ""
        self._state.layout.display = "" if text else "none"
        self._view.layout.display = "none" if text else ""

"""What the chosen model is, told from its files before anything is loaded, and the choices that come with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.models import ModelCard, adapter_error, card
from ftwidgets.models.sources import ModelNotFoundError, is_hub_id
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.hub_panel import Fetch, HubPanel
from ftwidgets.widgets.model_card import ModelCardView
from ftwidgets.widgets.model_choices import ModelChoices
from ftwidgets.widgets.text import paragraph, safe


class ModelPanel(w.VBox):
    """Reads a model's card in the background and shows it.

    Args:
        changed: Called when a card has been read, and when a download begins or ends.
        choose: Called with options that the person takes for this kind of model.
        fetch: Starts to bring a model from the hub.

    Attributes:
        card: The model's card, ``None`` while reading or when it cannot be read.
        reading: Whether its files are being read.
        error: Why no run can start with it, or an empty string; the form says it beside its field.
        adapter_error: Why none can go on from the adapter, or an empty string.
        kind: `` (instruct)``, `` (base)`` or an empty string, for the header.
    """

    def __init__(self, changed: Callable[[], None], choose: Callable[[dict[str, Any]], None], fetch: Fetch):
        self.card: ModelCard | None = None
        self.reading = False
        self.error = ""
        self.adapter_error = ""
        self.kind = ""
        self._changed = changed
        self._asked: tuple[str, str | None] = ("", None)
        self._way: tuple[str, str | None] = ("", None)
        self._free = True
        self._state = paragraph()
        self._hub = HubPanel(fetch, self._read, changed)
        self._view = ModelCardView()
        self._choices = ModelChoices(choose)
        self._worker = Latest(card, self._show, self._fail)
        self._fitted: tuple[Any, ...] = (None,)
        self._fitter = Latest(adapter_error, self._fits, lambda error: self._fits(str(error)))
        super().__init__([self._state, self._view, self._hub, self._choices])
        self.add_class("ftw-card")

    @property
    def fetching(self) -> bool:
        """Whether a model is being downloaded."""
        return self._hub.busy

    def show(
        self, model: str, revision: str | None, method: str, template: str | None = None, adapter: str | None = None
    ) -> None:
        """Show the card of ``model`` as ``method`` would train it with a chat template, unless it is on show; see
        whether ``adapter`` fits it."""
        way, self._way = self._way, (method, template)
        if (model, revision) != self._asked:
            self._asked = (model, revision)
            self.card, self.error, self.kind = None, "", ""
            self._hub.hide()
            self._choices.hide()
            self._say("Reading the model's files…")
            self._read()
        elif self.card is not None and way != self._way:
            self._draw(self.card)
        self._fit(adapter)

    def offer(self, free: bool) -> None:
        """Let the person download, unless something else has the device (``free=False``)."""
        self._free = free
        self._offer()

    def _fit(self, adapter: str | None) -> None:
        asked = (adapter, *self._asked, self.card) if adapter else (None,)  # more may have come of the model
        if asked != self._fitted:
            self._fitted, self.adapter_error = asked, ""
            self._fitter.ask(adapter, *self._asked)

    def _fits(self, problem: str) -> None:
        if problem != self.adapter_error:
            self.adapter_error = problem
            self._changed()

    def _read(self) -> None:
        self.reading = True
        self._worker.ask(*self._asked)

    def _show(self, found: ModelCard) -> None:
        self.card, self.reading = found, False
        self.error = " ".join(str(problem) for problem in found.blocking)
        self.kind = f" ({found.kind.name})" if found.kind.name in ("base", "instruct") else ""
        self._say("")
        self._draw(found)
        self._changed()

    def _draw(self, found: ModelCard) -> None:
        self._view.show(found, self._way[0], stops=False)
        self._choices.show(found, *self._way)
        self._offer()

    def _fail(self, error: Exception) -> None:
        self.card, self.reading, self.kind = None, False, ""
        # A hub id that is not here yet is no mistake: it can be downloaded.
        elsewhere = isinstance(error, ModelNotFoundError) and is_hub_id(self._asked[0])
        self.error = "" if elsewhere else str(error)
        self._say("")
        self._view.layout.display = "none"
        self._offer()
        self._changed()

    def _offer(self) -> None:
        """The download, where there is something to bring."""
        if self.reading:
            return
        if self.card is None and not self.error:
            self._hub.show(*self._asked, part=False, free=self._free)
        elif self.card is not None and self.card.to_download:
            self._hub.show(*self._asked, part=True, free=self._free)
        else:
            self._hub.hide()

    def _say(self, text: str) -> None:
        self._state.value = safe(text)
        self._state.layout.display = "" if text else "none"
        self._view.layout.display = "none" if text else ""

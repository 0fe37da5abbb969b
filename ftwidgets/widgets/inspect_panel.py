"""A close look at the rows before training: their tokens, and the preference pairs themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.config import PAIRWISE, RunConfig
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.pairs import PreferencePairs
from ftwidgets.widgets.preflight import Preflight
from ftwidgets.widgets.text import paragraph, safe

Prepare = Callable[[RunConfig], tuple[Any, Any, dict[str, Any]]]  # config -> (Prepared, tokenizer, how to encode)


class InspectPanel(w.VBox):
    """Two buttons that open the preflight of the tokens and the pair viewer, loaded in the background."""

    def __init__(self, prepare: Prepare, use: Callable[[Any], None], limit: Callable[[int], None]):
        self._use, self._limit = use, limit
        self._config: RunConfig | None = None
        self._tokens = w.Button(
            description="Check tokens", icon="eye", tooltip="See what the model will see, and which tokens are trained"
        )
        self._pairs = w.Button(
            description="Inspect pairs", icon="columns", tooltip="Read, judge and clean the preference pairs"
        )
        self._tokens.on_click(lambda _: self._ask("tokens"))
        self._pairs.on_click(lambda _: self._ask("pairs"))
        buttons = w.HBox([self._tokens, self._pairs])
        buttons.add_class("ftw-buttons")
        self._state = paragraph()
        self._place = w.VBox()
        self._worker = Latest(lambda kind, config: (kind, config, *prepare(config)), self._open, self._fail)
        super().__init__([buttons, self._state, self._place])
        self.add_class("ftw-inspect")

    def show(self, config: RunConfig | None) -> None:
        """Offer what suits ``config``."""
        self._config = config
        self._tokens.disabled = config is None
        self._pairs.disabled = config is None or config.method not in (*PAIRWISE, "reward")

    def _ask(self, kind: str) -> None:
        self._state.value = safe("Reading and tokenizing the rows…")
        self._worker.ask(kind, self._config)

    def _open(self, found: tuple[str, RunConfig, Any, Any, dict[str, Any]]) -> None:
        kind, config, data, tokenizer, encoding = found
        for child in self._place.children:
            child.close()
        view: w.Widget
        if kind == "tokens":
            view = Preflight.from_config(config, data.train, tokenizer, **encoding)
            view.observe(lambda change: self._limit(change["new"]), "max_length")
        else:
            view = PreferencePairs(
                data.train,
                held_out=data.held_out,
                tokenizer=tokenizer,
                max_length=config.max_length,
                decisions=_decisions_file(config.dataset),
            )
            view.on_use(self._use)
        self._place.children = [view]
        self._state.value = ""

    def _fail(self, error: Exception) -> None:
        self._state.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'


def _decisions_file(dataset: str) -> Path:
    """Beside the notebook, named like the rows: whoever opens the same rows again goes on there.

    Pairs are known by what they say, so a file of other rows with that name is added to and nothing of it is taken.
    """
    name = Path(dataset).stem if Path(dataset).expanduser().exists() else dataset
    return Path(re.sub(r"[^\w.-]+", "-", name).strip("-.") + "-decisions.jsonl")

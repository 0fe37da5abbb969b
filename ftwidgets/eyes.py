"""Model eyes: what a run's model thinks of the pairs in a viewer, before and after training, pair by pair and token by
token."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ftwidgets.data.pairs import pair_key
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import LiveRun, Run
from ftwidgets.widgets.pairs import PreferencePairs

COLUMNS = ("margin before", "margin after", "chosen_logps", "rejected_logps")
SHOWN_EVERY = 1.0  # seconds between updates of the viewer's columns


class ModelEyes:
    """Scores every pair of a viewer in the background, the adapter off (before) and on (after).

    Columns appear in the viewer as they are known: ``margin before`` and ``margin after`` (difference of the mean
    log-probabilities per token, in nats), ``chosen_logps`` and ``rejected_logps`` (sums, after). The pair in sight gets
    the log-ratio of each token against the base. Scores are kept in the run's folder and not computed again.

    Raises:
        FtwidgetsError: The run's model is not in this kernel.
    """

    def __init__(self, viewer: PreferencePairs, run: Run):
        if run.model is None:
            raise FtwidgetsError(f"{run.id}: its model is not in this kernel. Bring it with ftwidgets.load_model(run).")
        self.done = 0
        self.total = len(viewer.table)
        self.error: str | None = None
        self._viewer, self._run = viewer, run
        self._cancelled = threading.Event()
        self._path = run.folder / "eyes.jsonl"
        self._scores = {name: np.full(self.total, np.nan) for name in COLUMNS}
        viewer.on_tokens(lambda row_id, row: self._ask(partial(self._tokens, row)))
        self._thread = threading.Thread(target=self._work, name=f"model eyes of {run.id}", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop scoring; what is known stays."""
        self._cancelled.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every pair is scored. Returns whether that is so."""
        self._thread.join(timeout)
        return self.done == self.total

    @property
    def accuracy(self) -> dict[str, float]:
        """Share of the scored pairs whose chosen answer has the higher mean log-probability, before and after."""
        found = {}
        for when in ("before", "after"):
            margins = self._scores[f"margin {when}"]
            margins = margins[np.isfinite(margins)]
            found[when] = float((margins > 0).mean()) if len(margins) else float("nan")
        return found

    def _work(self) -> None:
        try:
            known = self._known()
            shown = time.monotonic()
            with self._path.open("a", encoding="utf-8") as file:
                for position in range(self.total):
                    if self._cancelled.is_set():
                        break
                    row = self._viewer.table.row(position)
                    key = pair_key(row)
                    scores = known.get(key)
                    if scores is None:
                        scores = self._ask(partial(self._score, row))
                        file.write(json.dumps({"key": key, "step": self._step(), **scores}) + "\n")
                    for name in COLUMNS:
                        self._scores[name][position] = scores[name]
                    self.done = position + 1
                    if time.monotonic() - shown > SHOWN_EVERY:
                        self._viewer.set_scores(dict(self._scores))
                        shown = time.monotonic()
            self._viewer.set_scores(dict(self._scores))
        except Exception as error:  # noqa: BLE001 - told where the scores are looked for
            self.error = str(error)

    def _known(self) -> dict[str, dict[str, float]]:
        if not self._path.exists():
            return {}
        lines = [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        return {line["key"]: line for line in lines if line["step"] == self._step()}

    def _step(self) -> int:
        rows = self._run.store.rows(max(0, len(self._run.store) - 1))
        return int(rows[0, 0]) if len(rows) else 0

    def _score(self, row: dict[str, Any]) -> dict[str, float]:
        from ftwidgets.training.eyes import score_pairs

        model, tokenizer, length = self._run.model, self._run.tokenizer, self._run.config.max_length
        found = {}
        for when, adapter in (("before", False), ("after", True)):
            one = next(score_pairs(model, tokenizer, [row | {"row_id": 0}], length, adapter=adapter))
            found[f"margin {when}"] = one["margin"]
        return found | {name: one[name] for name in ("chosen_logps", "rejected_logps")}

    def _tokens(self, row: dict[str, Any]) -> Any:
        from ftwidgets.training.eyes import token_ratios

        return token_ratios(self._run.model, self._run.tokenizer, row, self._run.config.max_length)

    def _ask(self, question: Callable[[], Any]) -> Any:
        """In the run's own thread, between two steps; or here, when the run has ended."""
        return self._run.between_steps(question).result() if isinstance(self._run, LiveRun) else question()

"""Model eyes: what a model thinks of the pairs in a viewer, before and after training, pair by pair and token by
token."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ftwidgets.data.pairs import pair_key
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import LiveRun, Run
from ftwidgets.trying import load_model
from ftwidgets.widgets.pairs import PreferencePairs

COLUMNS = ("margin before", "margin after", "margin change", "chosen_logps", "rejected_logps")
SHOWN_EVERY = 1.0  # seconds between updates of the viewer's columns


class ModelEyes:
    """Scores every pair of a viewer in the background, the adapter off (before) and on (after).

    Columns appear in the viewer as they are known: ``margin before`` and ``margin after`` (difference of the mean
    log-probabilities per token, in nats), their difference ``margin change``, and ``chosen_logps`` and
    ``rejected_logps`` (sums, after). The pair in sight gets the log-ratio of each token against the model without its
    adapter. The viewer shows how far it is, and stops it on request. A run's scores are kept in its folder
    (``eyes.jsonl``) and not computed again.

    A pair costs two forward passes of both its sides, adapter on and off; a live run is held for one pair at a time.
    On two CPU cores, in NF4 with bfloat16: 2.7 s for 100 pairs of the built-in rows and model, 23 s for 8 pairs of
    dpo_en_demo.json on gemma-3-270m at ``max_length=512``. More rows in a pass gain little there: a row of 400 tokens
    takes 0.64 s alone and 0.63 s among four, one of 50 tokens 0.09 s alone and 0.07 s among eight (halves scored).

    Args:
        viewer: The pairs.
        run: A run. While it trains, its model looks between two steps; if its model is not in this kernel, the saved
            adapter is loaded.
        model: A causal language model to look with instead. Without a LoRA adapter both columns are the same.
        tokenizer: The tokenizer of ``model``.
        max_length: Where answers are cut, in tokens; the run's own if left out.

    Attributes:
        done: Pairs looked at, of ``total``.
        error: Why it ended early, or ``None``.

    Raises:
        FtwidgetsError: There is neither a run nor a model with its tokenizer, or the run cannot be looked with.
    """

    def __init__(
        self,
        viewer: PreferencePairs,
        run: Run | None = None,
        *,
        model: Any = None,
        tokenizer: Any = None,
        max_length: int | None = None,
    ):
        if (run is None) == (model is None) or (model is not None and tokenizer is None):
            raise FtwidgetsError("Give a run, or a model together with its tokenizer.")
        if run is not None and not can_look(run):
            raise FtwidgetsError(f"{run.id}: there is no language model to look with, in this kernel or in its folder.")
        self.done = 0
        self.total = len(viewer.table)
        self.error: str | None = None
        self._viewer, self._run = viewer, run
        self._given = (model, tokenizer)
        self._length = max_length or (run.config.max_length if run is not None else None)
        self._cancelled = threading.Event()
        self._path: Path | None = run.folder / "eyes.jsonl" if run is not None else None
        self._scores = {name: np.full(self.total, np.nan) for name in COLUMNS}
        viewer.on_tokens(lambda row_id, row: self._ask(partial(self._tokens, row)))
        viewer.seeing.watch(self)
        self._thread = threading.Thread(target=self._work, name="ftwidgets model eyes", daemon=True)
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

    @property
    def suspects(self) -> list[int]:
        """Row ids of the pairs whose margin training lowered, the most first.

        Training on a pair raises its margin; where it falls, what the other pairs taught weighs more. Such pairs often
        stand the wrong way round.
        """
        change = self._scores["margin change"]
        order = np.argsort(change, kind="stable")
        return [int(self._viewer.table.row_ids[at]) for at in order if change[at] < 0]

    @property
    def turned(self) -> dict[str, int]:
        """How many pairs the training turned: ``right``, ``wrong``, and those that were wrong and ``still wrong``."""
        before, after = self._scores["margin before"], self._scores["margin after"]
        return {
            "right": int(((before <= 0) & (after > 0)).sum()),
            "wrong": int(((before > 0) & (after <= 0)).sum()),
            "still wrong": int(((before <= 0) & (after <= 0)).sum()),
        }

    def _work(self) -> None:
        try:
            self._ready()
            self._score_all()
        except Exception as error:  # noqa: BLE001 - told where the scores are looked for
            self.error = str(error) or type(error).__name__
        self._viewer.set_scores(dict(self._scores))
        self._viewer.seeing.changed(self, ended=True)

    def _ready(self) -> None:
        """Have the model in this kernel."""
        if self._run is not None and self._run.model is None:
            load_model(self._run)

    def _score_all(self) -> None:
        known = self._known()
        shown = time.monotonic()
        for position in range(self.total):
            if self._cancelled.is_set():
                return
            row = self._viewer.table.row(position)
            key = pair_key(row)
            scores = known.get(key)
            if scores is None:
                scores = self._ask(partial(self._score, row))
                self._keep({"key": key, "step": self._step(), **scores})
            scores |= {"margin change": scores["margin after"] - scores["margin before"]}
            for name in COLUMNS:
                self._scores[name][position] = scores[name]
            self.done = position + 1
            if time.monotonic() - shown > SHOWN_EVERY:
                self._viewer.set_scores(dict(self._scores))
                self._viewer.seeing.changed(self, ended=False)
                shown = time.monotonic()

    def _known(self) -> dict[str, dict[str, float]]:
        if self._path is None or not self._path.exists():
            return {}
        known, step = {}, self._step()
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                said = json.loads(line)
            except ValueError:  # cut off when the kernel died
                continue
            if said.get("step") == step and said.get("length") == self._length:
                known[said["key"]] = said
        return known

    def _keep(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**line, "length": self._length}) + "\n")

    def _step(self) -> int:
        if self._run is None:
            return 0
        rows = self._run.store.rows(max(0, len(self._run.store) - 1))
        return int(rows[0, 0]) if len(rows) else 0

    def _with(self) -> tuple[Any, Any]:
        return self._given if self._run is None else (self._run.model, self._run.tokenizer)

    def _score(self, row: dict[str, Any]) -> dict[str, float]:
        from ftwidgets.training.eyes import score_pair

        return score_pair(*self._with(), row, self._length)

    def _tokens(self, row: dict[str, Any]) -> Any:
        from ftwidgets.training.eyes import token_ratios

        return token_ratios(*self._with(), row, self._length)

    def _ask(self, question: Callable[[], Any]) -> Any:
        """In the run's own thread, between two steps; when it has ended, here."""
        if isinstance(self._run, LiveRun) and not self._run.ended:
            return self._run.between_steps(question).result()
        return question()


def can_look(run: Run) -> bool:
    """Whether a run has a language model to look at pairs with, in this kernel or saved."""
    if run.config.method == "reward":
        return False
    return run.model is not None or (run.folder / "adapter" / "adapter_config.json").is_file()

"""Preflight: what a model will see of the rows before anything is trained."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t

from ftwidgets.data.preflight import Encoder, Survey, survey
from ftwidgets.errors import FtwidgetsError

STATIC = Path(__file__).parents[1] / "static"
NONE_LEARNT = 2**31 - 1  # in the page's int32: a row in which nothing is learnt
_MOST_TOKENS = 6000  # of one sequence; more would only slow the page
_CADENCE = 0.15  # seconds between reports of progress
_MEMORY_POINTS = 24

_TITLES = {
    "sft": "SFT", "dpo": "DPO", "orpo": "ORPO", "simpo": "SimPO", "ppo": "PPO", "reward": "Reward model",
    "pretrain": "Continued pre-training",
}  # fmt: skip


class Preflight(anywidget.AnyWidget):
    """Tokens as the trainer makes them, their lengths, and what a length limit cuts off.

    Args:
        examples: Canonical examples (``prepare(config).train``).
        tokenizer: The tokenizer with the chat template that training uses.
        method: The training method.
        max_length: The limit to begin with.
        train_on: For SFT, which tokens are learnt.
        packing: Whether long rows are divided instead of cut.
        response_length: For PPO, tokens kept free for the answer.
        marked_template: A version of the template with ``{% generation %}`` marks, where the trainer would take one.
        stops: For reward models, ids that end an answer besides the tokenizer's own.
        memory: Gives a run's peak memory in bytes for a limit, where known.
        sample: How many rows are measured at first; all of them on request.

    Attributes:
        max_length: The limit, as dragged or typed; settable.
        verdict: Why nothing would be trained, or an empty string.
        survey: What was measured, ``None`` until then.
    """

    _esm = STATIC / "preflight.js"
    _css = STATIC / "preflight.css"

    max_length = t.Int(1024).tag(sync=True)
    verdict = t.Unicode().tag(sync=True)
    facts = t.Dict().tag(sync=True)
    state = t.Dict().tag(sync=True)  # {"kind": measuring | done | cancelled | failed, "done", "total", "text"}

    def __init__(
        self,
        examples: Any,
        tokenizer: Any,
        method: str = "sft",
        max_length: int = 1024,
        *,
        train_on: str = "auto",
        packing: bool = False,
        response_length: int = 0,
        marked_template: str | None = None,
        stops: Sequence[int] = (),
        memory: Callable[[int], float] | None = None,
        sample: int = 2000,
    ) -> None:
        self.survey: Survey | None = None
        self._examples = examples
        self._encoder = Encoder(tokenizer, method, train_on, marked_template, stops)
        self._packing = packing and method in ("sft", "pretrain")
        self._response_length = response_length if method == "ppo" else 0
        self._memory = memory
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        super().__init__(max_length=max_length)
        if hasattr(self.comm, "_reply_subshell_for"):
            # ipykernel 7.4 would answer on the busy main thread; None lets the page's words in on a subshell.
            self.comm._reply_subshell_for = None
        self.on_msg(self._receive)
        self.measure(sample)

    @classmethod
    def from_config(cls, config: Any, examples: Any, tokenizer: Any, **keywords: Any) -> Preflight:
        """A view on a `RunConfig`'s rows; ``keywords`` as in the class, ``memory`` by our own estimate if left out."""
        own = {
            "method": config.method,
            "max_length": config.max_length,
            "train_on": config.train_on or "auto",
            "packing": bool(config.packing),
            "response_length": config.response_length or 0,
            "memory": _estimator(config),
        }
        return cls(examples, tokenizer, **(own | keywords))

    def measure(self, sample: int | None) -> None:
        """Measure so many rows (``None``: all) in the background; a measurement under way is ended."""
        with self._lock:
            self._cancelled.set()
            self._cancelled = threading.Event()
            arguments = (sample, self._cancelled, self._worker)
            self._worker = threading.Thread(target=self._measure, args=arguments, daemon=True)
            self._worker.start()

    def cancel(self) -> None:
        """End the measurement under way and keep what it has."""
        self._cancelled.set()

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the measurement under way."""
        worker = self._worker
        if worker is not None:
            worker.join(timeout)

    def close(self) -> None:
        self._cancelled.set()
        super().close()

    def _measure(self, sample: int | None, cancelled: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        last = [0.0]

        def progress(done: int, total: int) -> None:
            if time.monotonic() - last[0] > _CADENCE:
                last[0] = time.monotonic()
                self.state = {"kind": "measuring", "done": done, "total": total, "text": ""}

        self.state = {"kind": "measuring", "done": 0, "total": 0, "text": ""}
        try:
            found = survey(
                self._examples,
                self._encoder,
                sample=sample,
                seconds=None if sample is None else 10.0,
                progress=progress,
                cancelled=cancelled.is_set,
            )
        except Exception as error:  # noqa: BLE001 - shown to the person; a thread has nobody else to tell
            self.state = {"kind": "failed", "done": 0, "total": 0, "text": str(error) or type(error).__name__}
            return
        self.survey = found
        self.facts = self._facts(found)
        self._judge()
        self._send_lengths()
        measured = len(found.lengths) + len(found.refused)
        kind = "cancelled" if cancelled.is_set() else "done"
        self.state = {"kind": kind, "done": measured, "total": found.rows, "text": ""}

    def _facts(self, found: Survey) -> dict[str, Any]:
        method = self._encoder.method
        return {
            "title": _TITLES.get(method, method),
            "method": method,
            "learns": found.learns,
            "rows": found.rows,
            "measured": len(found.lengths),
            "exact": found.exact,
            "refused": len(found.refused),
            "prompt_changed": found.prompt_changed,
            "packing": self._packing,
            "response_length": self._response_length,
            "memory": self._memory_points(found),
        }

    def _memory_points(self, found: Survey) -> list[list[float]]:
        """``[max_length, bytes]`` for limits spread evenly by ratio, for the page to draw a line between."""
        if self._memory is None or not len(found.lengths):
            return []
        most = max(int(found.lengths.total.max()), self.max_length, 64) * 2
        limits = np.unique(np.geomspace(16, most, _MEMORY_POINTS).astype(int)).tolist()
        try:
            return [[limit, float(self._memory(limit))] for limit in limits]
        except FtwidgetsError:
            return []

    @t.observe("max_length")
    def _judge(self, _: Any = None) -> None:
        if self.survey is not None:
            self.verdict = self.survey.verdict(self.max_length, self._response_length, self._packing) or ""

    def _receive(self, _: Any, content: dict[str, Any], buffers: list[bytes]) -> None:
        kind = content.get("type")
        if kind == "ready":
            self._send_lengths()
        elif kind == "row":
            self.send(self._row(int(content["position"])))
        elif kind == "exact":
            self.measure(None)
        elif kind == "cancel":
            self.cancel()

    def _send_lengths(self) -> None:
        found = self.survey
        if found is None:
            return
        columns = [found.positions, np.minimum(found.lengths.prompt, NONE_LEARNT), found.lengths.total]
        if found.lengths.chosen is not None and found.lengths.rejected is not None:
            columns += [found.lengths.chosen, found.lengths.rejected]
        self.send({"type": "lengths"}, [column.astype("<i4").tobytes() for column in columns])

    def _row(self, position: int) -> dict[str, Any]:
        """One row's sequences: texts, ids, and flags (1 learnt, 2 special, 4 continues a character)."""
        position = min(max(position, 0), len(self._examples) - 1)
        if position < 0:
            return {"type": "row", "position": 0, "row_id": 0, "parts": [], "error": "There are no rows."}
        example = self._examples[position]
        row = {"type": "row", "position": position, "row_id": int(example.get("row_id", position)), "error": ""}
        try:
            encoded = self._encoder.encode(example)
        except FtwidgetsError as error:
            return row | {"parts": [], "error": str(error)}
        parts = []
        for part in encoded.parts:
            tokens = self._encoder.tokens(part, _MOST_TOKENS)
            parts.append(
                {
                    "name": part.name,
                    "length": len(part.ids),
                    "prompt": part.prompt,
                    "texts": [token.text for token in tokens],
                    "ids": [token.id for token in tokens],
                    "flags": [token.trained + 2 * token.special + 4 * token.continues for token in tokens],
                }
            )
        return row | {"parts": parts, "prompt_changed": encoded.prompt_changed}


def _estimator(config: Any) -> Callable[[int], float] | None:
    from ftwidgets.memory import device_memory, estimate_memory
    from ftwidgets.models import card

    try:
        found = card(config.model, config.revision)
        device = device_memory().device
    except FtwidgetsError:
        return None
    return lambda limit: estimate_memory(config.replace(max_length=limit), device=device, model_card=found).total

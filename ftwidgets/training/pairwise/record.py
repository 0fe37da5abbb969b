"""Record: what happened to each pair, kept on the device and fetched once per logging step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.utils import gather_object
from torch import Tensor

from ftwidgets.training.pairwise.objective import Outcome, PairScores

# The columns of an ``examples`` event; ``*_logps`` are sums over the completion for every method.
EXAMPLE = (
    "loss",
    "margin",
    "chosen_reward",
    "rejected_reward",
    "chosen_logps",
    "rejected_logps",
    "chosen_length",
    "rejected_length",
)
SHOWN = ("logps/chosen", "logps/rejected")  # as TRL logs them: sums for DPO, means per token for the others
TOKENS = ("entropy", "chosen_logits", "rejected_logits", "top1", "chosen_tokens", "rejected_tokens")


@dataclass(frozen=True)
class _Batch:
    step: int
    ids: Tensor  # (pairs,)
    pairs: Tensor  # (columns, pairs)
    tokens: Tensor  # (len(TOKENS),): sums over the batch's scored tokens


class Record:
    """Per-pair values and token sums since the last log, one store for each split (``train``, ``eval``)."""

    def __init__(self) -> None:
        self._batches: dict[str, list[_Batch]] = defaultdict(list)
        self._columns: tuple[str, ...] = ()

    def add(self, split: str, step: int, ids: Tensor, scores: PairScores, outcome: Outcome, tokens: Tensor) -> None:
        """One batch of ``step``: ``ids`` (pairs,) and ``tokens``, sums in the order of ``TOKENS``."""
        self._columns = EXAMPLE + SHOWN + tuple(outcome.extra)
        columns = (
            outcome.loss,
            outcome.chosen_reward - outcome.rejected_reward,
            outcome.chosen_reward,
            outcome.rejected_reward,
            scores.chosen_logps,
            scores.rejected_logps,
            scores.chosen_lengths,
            scores.rejected_lengths,
            outcome.chosen_logps,
            outcome.rejected_logps,
            *outcome.extra.values(),
        )
        pairs = torch.stack([column.detach().float() for column in columns])
        self._batches[split].append(_Batch(step, ids, pairs, tokens.detach().float()))

    def latest(self, split: str, step: int) -> tuple[list[int], list[float]]:
        """Row ids and losses of the batches of ``step``."""
        batches = [b for b in self._batches[split] if b.step == step]
        if not batches:
            return [], []
        return torch.cat([b.ids for b in batches]).tolist(), torch.cat([b.pairs[0] for b in batches]).tolist()

    def drain(self, split: str) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """What was added since the last call, from all processes.

        Returns:
            Metrics under TRL's names, means over pairs or over tokens; and the fields of one ``examples`` event a step.
        """
        batches = self._batches.pop(split, [])
        mine: list[tuple[list[int], list[int], Any, list[float]]] = []
        if batches:
            steps = [b.step for b in batches for _ in range(len(b.ids))]
            ids = torch.cat([b.ids for b in batches]).tolist()
            table = torch.cat([b.pairs for b in batches], dim=1).cpu()
            mine = [(steps, ids, table, torch.stack([b.tokens for b in batches]).sum(0).tolist())]
        parts = gather_object(mine)
        if not parts:
            return {}, []
        table = torch.cat([part[2] for part in parts], dim=1)
        tokens = [sum(values) for values in zip(*(part[3] for part in parts), strict=True)]
        steps = [step for part in parts for step in part[0]]
        ids = [i for part in parts for i in part[1]]
        return self._metrics(table, dict(zip(TOKENS, tokens, strict=True))), self._events(split, steps, ids, table)

    def _metrics(self, table: Tensor, tokens: dict[str, float]) -> dict[str, float]:
        mean = dict(zip(self._columns, table.double().mean(1).tolist(), strict=True))
        column = dict(zip(self._columns, table.double(), strict=True))
        won = (column["margin"] > 0).double().mean()
        # The same for every method, and sensible before training too, where DPO's own margins are all zero.
        means = {side: column[f"{side}_logps"] / column[f"{side}_length"] for side in ("chosen", "rejected")}
        per_token = means["chosen"] - means["rejected"]
        metrics = {
            "rewards/chosen": mean["chosen_reward"],
            "rewards/rejected": mean["rejected_reward"],
            "rewards/accuracies": float(won),
            "rewards/margins": mean["margin"],
            "pairs/accuracy": float((per_token > 0).double().mean()),
            "pairs/margin": float(per_token.mean()),
            "logps/chosen": mean["logps/chosen"],
            "logps/rejected": mean["logps/rejected"],
            "logits/chosen": tokens["chosen_logits"] / max(tokens["chosen_tokens"], 1),
            "logits/rejected": tokens["rejected_logits"] / max(tokens["rejected_tokens"], 1),
            "entropy": tokens["entropy"] / max(tokens["chosen_tokens"] + tokens["rejected_tokens"], 1),
            "mean_token_accuracy": tokens["top1"] / max(tokens["chosen_tokens"], 1),
        }
        return metrics | {name: mean[name] for name in self._columns[len(EXAMPLE) + len(SHOWN) :]}

    def _events(self, split: str, steps: list[int], ids: list[int], table: Tensor) -> list[dict[str, Any]]:
        events = []
        for step in sorted(set(steps)):
            rows = [i for i, s in enumerate(steps) if s == step]
            event: dict[str, Any] = {"step": step, "split": split, "id": [ids[i] for i in rows]}
            for name, values in zip(EXAMPLE, table, strict=False):
                numbers = values[rows].tolist()
                event[name] = [int(n) for n in numbers] if name.endswith("length") else numbers
            events.append(event)
        return events

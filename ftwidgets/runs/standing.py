"""Where runs stand against each other on the held-out pairs they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np

from ftwidgets.runs.held_out import Evaluation, evaluations, mcnemar, source_of
from ftwidgets.runs.run import Run

At = Literal["last", "best"]


@dataclass(frozen=True)
class Standing:
    """One run on the shared held-out pairs.

    Attributes:
        judged: The evaluation it is judged by, on the shared pairs; ``None`` when it has none.
        before: Its evaluation before training, on the shared pairs.
        best: The evaluation with the highest accuracy (then margin) on the shared pairs.
        grown: bool (pairs,): whether the margin is larger than before training; ``None`` without that evaluation.
            Unlike the accuracy it also sees a model that has moved and not yet crossed over.
        own: How many held-out pairs the run has by itself.
        group: Runs of one group share their held-out rows; -1 when it has none.
        wins, losses: Shared pairs that only this run, or only the leader of its group, gets right.
        p: Exact McNemar p-value against the leader; NaN for the leader itself.
    """

    run: Run
    judged: Evaluation | None = None
    before: Evaluation | None = None
    best: Evaluation | None = None
    grown: np.ndarray | None = None
    own: int = 0
    group: int = -1
    leader: bool = False
    wins: int = 0
    losses: int = 0
    p: float = math.nan


@dataclass(frozen=True)
class Group:
    """Runs whose held-out rows come from one place.

    Attributes:
        ids: int64, ascending: the rows that every one of them was evaluated on.
        all: How many rows any of them was evaluated on.
        recut: Shared rows whose token counts differ between the runs: another tokenizer, template or length limit.
    """

    source: tuple[object, ...]
    ids: np.ndarray
    all: int
    recut: int

    @property
    def same(self) -> bool:
        """Whether all of them were evaluated on the same rows."""
        return self.all == len(self.ids)


def standings(runs: Sequence[Run], at: At = "last") -> tuple[list[Standing], list[Group]]:
    """Judge runs by their last evaluation, or by their best: one standing a run, in the order given.

    Reward models, which score instead of writing, stand in groups of their own.
    """
    found = [evaluations(run) for run in runs]
    keys = [
        (*source_of(run), bool(each and each[-1].by_score)) if each else None
        for run, each in zip(runs, found, strict=True)
    ]
    groups, made = [], [Standing(run) for run in runs]
    for number, key in enumerate(dict.fromkeys(key for key in keys if key is not None)):
        members = [i for i, other in enumerate(keys) if other == key]
        group = _group(key, [found[i] for i in members])
        groups.append(group)
        for i in members:
            made[i] = replace(_stand(runs[i], found[i], group.ids, at), group=number)
        _against_leader(made, members)
    return made, groups


def _group(key: tuple[object, ...], found: Sequence[Sequence[Evaluation]]) -> Group:
    own = [each[-1].ids for each in found]
    shared = reduce(np.intersect1d, own)
    lengths = [each[-1].of(shared).lengths for each in found]
    recut = int(np.any([(other != lengths[0]).any(1) for other in lengths], axis=0).sum()) if len(shared) else 0
    return Group(key, shared, len(reduce(np.union1d, own)), recut)


def _stand(run: Run, each: Sequence[Evaluation], ids: np.ndarray, at: At) -> Standing:
    own = len(each[-1].ids)
    if not len(ids):
        return Standing(run, own=own)
    # An evaluation cut short (a crash, a stop) lacks rows and is no match for whole ones.
    whole = [evaluation.of(ids) for evaluation in each if np.isin(ids, evaluation.ids).all()]
    best = max(whole, key=lambda e: (e.accuracy, -math.inf if math.isnan(e.margin) else e.margin))
    judged = whole[-1] if at == "last" else best
    before = whole[0] if whole[0].step == 0 else None
    grown = judged.margins > before.margins if before is not None and judged.step > 0 else None
    return Standing(run, judged=judged, before=before, best=best, grown=grown, own=own)


def _against_leader(made: list[Standing], members: Sequence[int]) -> None:
    judged = {i: e for i in members if (e := made[i].judged) is not None}
    if len(judged) < 2:
        return
    lead = max(judged, key=lambda i: (judged[i].accuracy, -math.inf if math.isnan(m := judged[i].margin) else m))
    made[lead] = replace(made[lead], leader=True)
    for i in judged.keys() - {lead}:
        wins = int((judged[i].right & ~judged[lead].right).sum())
        losses = int((judged[lead].right & ~judged[i].right).sum())
        made[i] = replace(made[i], wins=wins, losses=losses, p=mcnemar(wins, losses))

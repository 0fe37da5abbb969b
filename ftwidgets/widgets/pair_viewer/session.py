"""What the viewer knows: pairs, their numbers, findings, decisions, and the view that a person looks at now."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ftwidgets.data.pairs import Decision, DecisionLog, Finding, PairKeys, PairStats, PairTable
from ftwidgets.data.pairs.checks.report import BY_ID, CHECKS, mark
from ftwidgets.data.pairs.columns import PairColumns
from ftwidgets.data.pairs.decisions import VERDICTS
from ftwidgets.data.pairs.query import Marks, Query, select
from ftwidgets.data.pairs.run_scores import RunScores
from ftwidgets.data.pairs.search import Search
from ftwidgets.data.pairs.stats import Progress, no_progress
from ftwidgets.errors import FtwidgetsError

STATES = {name: 1 << at for at, name in enumerate((*VERDICTS, "edited", "noted", "disagreement"))}
_DECIDED = sum(STATES[name] for name in (*VERDICTS, "edited"))
MOST_AT_ONCE = 100_000  # pairs that one step may decide on


class PairSession:
    """The state behind one viewer; its methods may be called from any thread."""

    def __init__(self, table: PairTable, log: DecisionLog) -> None:
        self.table = table
        self.log = log
        self.stats = PairStats(table)
        self.columns = PairColumns(self.stats)
        self.keys = PairKeys(self.stats)
        self.findings: dict[str, Finding] = {}
        self.not_checked: dict[str, str] = {}
        self.flags = np.zeros(len(table), np.uint16)
        self.states = np.zeros(len(table), np.uint8)
        self.mine: dict[int, Decision] = {}
        self.others: dict[int, dict[str, Decision]] = {}
        self.query = Query()
        self.title = ""
        self.steps: tuple[int, int] | None = None
        self.version = 0
        self.view = np.arange(len(table), dtype=np.int32)
        self.selected: int | None = None
        self.run_scores: RunScores | None = None
        self.lock = threading.RLock()
        self._search = Search(table)
        self._restricted: np.ndarray | None = None
        self._placed = False

    # --- decisions ---

    def place_decisions(self) -> bool:
        """Find the rows that earlier decisions are about; whether that was still to do."""
        with self.lock:
            if self._placed:
                return False
            self._placed = True
            everybody = self.log.all
            for key, position in self.keys.positions(everybody).items() if everybody else ():
                said = everybody[key]
                if self.log.reviewer in said:
                    self.mine[position] = said[self.log.reviewer]
                self.others[position] = {who: d for who, d in said.items() if who != self.log.reviewer}
                self._mark(position)
            return True

    @property
    def unplaced(self) -> int:
        """Decisions on pairs that are not in this dataset."""
        return len(self.log.mine) - len(self.mine) if self._placed else 0

    def judge(self, positions: Iterable[int], **change: Any) -> list[int]:
        """Change verdict, edit or note of these pairs, as one step; what is not named stays. The pairs changed."""
        chosen = [int(position) for position in positions]
        if len(chosen) > MOST_AT_ONCE:
            raise FtwidgetsError(
                f"{len(chosen):,} pairs are too many to decide on one by one; filter further, or filter the dataset."
            )
        self.place_decisions()
        with self.lock:
            decisions = []
            for position in chosen:
                key = self.keys.key(position)
                before = self.mine.get(position, Decision(key, int(self.table.row_ids[position])))
                decisions.append(replace(before, **change))
            return self._applied(self.log.decide(decisions))

    def undo(self) -> list[int]:
        self.place_decisions()
        with self.lock:
            return self._applied(self.log.undo())

    def redo(self) -> list[int]:
        self.place_decisions()
        with self.lock:
            return self._applied(self.log.redo())

    def _applied(self, decisions: list[Decision]) -> list[int]:
        at = self.keys.positions(d.key for d in decisions)
        for decision in decisions:
            if (position := at.get(decision.key)) is None:
                continue
            if decision.empty:
                self.mine.pop(position, None)
            else:
                self.mine[position] = decision
            self._mark(position)
        return list(at.values())

    def _mark(self, position: int) -> None:
        mine = self.mine.get(position)
        state = 0
        if mine is not None:
            state = STATES[mine.verdict] if mine.verdict else 0
            state |= (STATES["edited"] if mine.edit else 0) | (STATES["noted"] if mine.note else 0)
        said = [d for d in (mine, *self.others.get(position, {}).values()) if d is not None and d.judged]
        if any(not d.says_the_same(said[0]) for d in said[1:]):
            state |= STATES["disagreement"]
        self.states[position] = state

    def state_mask(self, name: str) -> np.ndarray:
        """bool (rows,): `name` is a state, or "judged" or "unjudged"."""
        self.place_decisions()
        if name in ("judged", "unjudged"):
            return ((self.states & _DECIDED) != 0) == (name == "judged")
        return (self.states & STATES.get(name, 0)) != 0

    def counts(self) -> dict[str, int]:
        """How far judging has come: `judged` of all pairs, `judged_shown` of those in the view, and each state."""
        judged = (self.states & _DECIDED) != 0
        counts = {name: int(((self.states & bit) != 0).sum()) for name, bit in STATES.items()}
        return counts | {"judged": int(judged.sum()), "judged_shown": int(judged[self.view].sum())}

    # --- findings and numbers ---

    def add_finding(self, finding: Finding) -> None:
        with self.lock:
            self.findings[finding.id] = finding
            mark(self.flags, finding)

    def check_mask(self, name: str) -> np.ndarray:
        if name not in BY_ID:
            raise FtwidgetsError(f"There is no check {name!r}; there are {', '.join(BY_ID)}.")
        mask = np.zeros(len(self.table), bool)
        if name in self.findings:
            mask[self.findings[name].positions] = True
        return mask

    def flags_of(self, position: int) -> list[str]:
        return [check.id for at, check in enumerate(CHECKS) if self.flags[position] & (1 << at)]

    def set_run(self, events: Sequence[Mapping[str, Any]], split: str | None) -> None:
        scores = RunScores(events, split)
        with self.lock:
            self.run_scores = scores
            self.columns.set_run(scores)

    # --- the view ---

    def restrict(
        self, row_ids: Sequence[int] | np.ndarray | None, title: str = "", steps: tuple[int, int] | None = None
    ) -> None:
        """Only these rows, in this order; None for all. Takes effect with the next `look`."""
        positions = None if row_ids is None else self.table.positions(list(dict.fromkeys(map(int, row_ids))))
        with self.lock:
            self._restricted = positions
            self.title, self.steps = (title, steps) if row_ids is not None else ("", None)

    @property
    def restricted(self) -> bool:
        return self._restricted is not None

    def look(
        self,
        query: Query,
        progress: Progress = no_progress,
        partial: Callable[[], None] = lambda: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Select and order the rows. `partial` is called whenever the view shows a part of them meanwhile."""
        marks = Marks(self.check_mask, self.state_mask, self._restricted)

        def show(positions: np.ndarray) -> None:
            check()
            self._show(positions, query)
            partial()

        whole = select(query, self.columns, marks, self._search, progress, show)
        check()
        self._show(whole, query)

    def _show(self, positions: np.ndarray, query: Query) -> None:
        with self.lock:
            self.view, self.query, self.version = positions, query, self.version + 1

    def index_of(self, position: int | None) -> int | None:
        """Where a pair stands in the view."""
        if position is None:
            return None
        at = np.flatnonzero(self.view == position)
        return int(at[0]) if len(at) else None

    def first_unjudged(self) -> int | None:
        """The position of the first pair in the view that nobody at this seat has judged."""
        open_ = np.flatnonzero((self.states[self.view] & _DECIDED) == 0)
        return int(self.view[open_[0]]) if len(open_) else None

"""Preference pairs to read, judge and clean in the notebook."""

import copy
import getpass
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets as t

from ftwidgets.data.pairs import DecisionLog, LintReport, PairTable, decided, read_pairs
from ftwidgets.data.pairs.decisions import VERDICTS, Verdict, read_decisions
from ftwidgets.data.pairs.query import Query
from ftwidgets.data.pairs.writing import write_jsonl, write_parquet
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory.malloc import trim
from ftwidgets.widgets.output import InOutput
from ftwidgets.widgets.pair_viewer import answers
from ftwidgets.widgets.pair_viewer.following import Following
from ftwidgets.widgets.pair_viewer.jobs import Check, Jobs
from ftwidgets.widgets.pair_viewer.linting import Linting
from ftwidgets.widgets.pair_viewer.requests import Requests
from ftwidgets.widgets.pair_viewer.seeing import Seeing, look
from ftwidgets.widgets.pair_viewer.session import PairSession

if TYPE_CHECKING:
    from datasets import Dataset

    from ftwidgets.runs.run import Run

STATIC = Path(__file__).parent.parent / "static"
TELL_EVERY = 0.15  # seconds between two words on how far a search is


class PreferencePairs(InOutput, anywidget.AnyWidget):
    """Read, judge, lint and clean preference pairs.

    Nothing heavy runs on the kernel's main thread, and only the rows in sight go to the page. The source is never
    written to: decisions go to the side file `decisions` as they are made, and `dataset` is what results from them.
    """

    _esm = STATIC / "pairs.js"
    _css = STATIC / "pairs.css"
    height = t.Int(640, min=320, help="Height in pixels.").tag(sync=True)

    def __init__(
        self,
        dataset: Any,
        run: "Run | None" = None,
        *,
        reviewer: str | None = None,
        decisions: str | Path | None = None,
        others: Sequence[str | Path] = (),
        model: Any = None,
        rows: Sequence[int] | None = None,
        title: str = "",
        split: str | None = None,
        held_out: Any = None,
        tokenizer: Any = None,
        max_length: int | None = None,
        mapping: dict[str, Any] | None = None,
        height: int = 640,
    ) -> None:
        """
        Args:
            dataset: A path, hub id, `datasets.Dataset`, pandas or polars frame, Arrow table or list of dicts.
            run: A run (live or loaded) whose `examples` events give each pair its rewards and margin, and whose model
                looks at the pairs on request, before and after training (`ftwidgets.ModelEyes`).
            reviewer: Who judges; the login name if not given.
            decisions: The JSON lines file that decisions are added to and resumed from; None keeps them in memory.
            others: Decision files of other people, shown beside one's own, with disagreements marked.
            rows: Show only these row ids, under `title`.
            split: Take only the run's "train" or "eval" values, where their row ids would collide.
            held_out: The held-out pairs, given like `dataset`, to find prompts that are in both.
            model: A causal language model that looks at the pairs on request, with `tokenizer`.
            tokenizer: Counts tokens; the run's own if not given. With `max_length` truncation is checked too.
            mapping: Which column plays which role, where it is not found out.
            height: Height in pixels.

        Raises:
            FtwidgetsError: There are no pairs in `dataset`, or `decisions` cannot be read.
        """
        super().__init__(height=height)
        table, self.notices = read_pairs(dataset, mapping)
        log = DecisionLog(decisions, reviewer or _login())
        for path in others:
            for decision in read_decisions(path):
                log.others.setdefault(decision.key, {})[decision.reviewer or Path(path).stem] = decision
        self.notices += [f"{log.path}: {problem}" for problem in log.problems]
        self._session = PairSession(table, log)
        self._source = Path(dataset) if isinstance(dataset, str | Path) else None
        self._tokenizer = tokenizer
        self._copied: tuple[Any, Any] = (None, None)
        self._use: list[Callable[[Dataset], None]] = []
        self._tokens: Callable[[int, dict[str, Any]], Any] | None = None
        self._sending = threading.Lock()
        self._jobs = Jobs(self._job_failed)
        self._linting = Linting(self, held_out, max_length)
        self._following = Following(self, split)
        self.seeing = Seeing(self)
        self._requests = Requests(self)
        self.on_msg(self._received)
        if run is not None:
            self.run = run
        if model is not None:
            self.seeing.offer(lambda: look(self, model=model, tokenizer=tokenizer, max_length=max_length))
        if rows is not None:
            self.show(rows, title)

    # --- results ---

    @property
    def table(self) -> PairTable:
        """The pairs as given."""
        return self._session.table

    @property
    def dataset(self) -> "Dataset":
        """The pairs after every decision: dropped and tied ones left out, swapped and edited ones changed."""
        return self.result()

    def result(self, only_judged: bool = False) -> "Dataset":
        """As `dataset`; with `only_judged` without the pairs that nobody at this seat has judged."""
        self._session.place_decisions()
        return decided(self._session.table, self._session.mine, only_judged)

    @property
    def decisions(self) -> DecisionLog:
        return self._session.log

    @property
    def selected(self) -> int | None:
        """The row id of the pair in sight."""
        at = self._session.selected
        return None if at is None else int(self.table.row_ids[at])

    @property
    def shown(self) -> np.ndarray:
        """The row ids in the list, in order."""
        return self.table.row_ids[self._session.view]

    def to_jsonl(self, path: str | Path, only_judged: bool = False) -> Path:
        """Write `dataset` as JSON lines. Raises FtwidgetsError where the path is the source or the decisions file."""
        target = self._writable(path)
        write_jsonl(self.result(only_judged), target)
        return target

    def to_parquet(self, path: str | Path, only_judged: bool = False) -> Path:
        """Write `dataset` as Parquet. Raises like `to_jsonl`."""
        target = self._writable(path)
        write_parquet(self.result(only_judged), target)
        return target

    # --- what a program can do, as a person can ---

    def judge(self, row_ids: Sequence[int], verdict: Verdict | None) -> int:
        """Decide on pairs as one step that one undo takes back; how many changed."""
        if verdict not in (None, *VERDICTS):
            raise FtwidgetsError(f"There is no verdict {verdict!r}; there are {', '.join(VERDICTS)}, and None.")
        changed = self._session.judge(self.table.positions(list(row_ids)), verdict=verdict)
        self._decided(changed)
        return len(changed)

    def show(self, row_ids: Sequence[int] | None, title: str = "", steps: tuple[int, int] | None = None) -> None:
        """Restrict the list to these row ids, in this order; None shows all again.

        `steps`: first and last step of the run that they were chosen for; what the run said then stands out.
        """
        self._session.restrict(row_ids, title, steps)
        self._session.selected = None
        self._look(Query() if row_ids is not None else self._session.query)

    def query(self, **asked: Any) -> None:
        """Filter and sort the list; keywords as in `ftwidgets.data.pairs.query.Query`."""
        self._session.selected = None
        self._look(Query(**asked))

    def set_scores(self, scores: Mapping[str, Any]) -> None:
        """Add columns to sort and filter by, and to show beside each pair.

        `scores` by name: a mapping from row id to number, or an array beside an array "row_id".
        """
        self._session.columns.set_scores(scores)
        self._tell("columns", columns=answers.columns(self._session))

    def on_tokens(self, callback: Callable[[int, dict[str, Any]], Any] | None) -> None:
        """Colour each token of the pair in sight: `callback(row_id, row)` gives, by side, (token, log-ratio) in order.

        It runs in a thread of its own and its answers are kept.
        """
        self._tokens = callback
        self._requests.forget_tokens()
        self._tell("can", **self._can())

    def see(self) -> None:
        """Let the model of `run`, or `model`, look at every pair: what **See with the model** does."""
        self.seeing.start()

    def on_use(self, callback: "Callable[[Dataset], None]") -> None:
        """Call this with `dataset` when **Use in Studio** is pressed."""
        self._use.append(callback)
        self._tell("can", **self._can())

    def use(self) -> None:
        """What the button does."""
        dataset = self.dataset
        for callback in self._use:
            callback(dataset)

    def lint(self) -> LintReport:
        """Every check, waited for; the findings show in the viewer as well."""
        return self._linting.report()

    # --- a run ---

    def _own_tokenizer(self) -> Any:
        """A copy of the tokenizer for this viewer's threads: a fast one cannot be shared with a trainer's."""
        given = self._tokenizer if self._tokenizer is not None else getattr(self.run, "tokenizer", None)
        if given is not self._copied[0]:
            self._copied = (given, copy.deepcopy(given))
        return self._copied[1]

    @property
    def run(self) -> "Run | None":
        """The run whose values are shown; a live one is followed."""
        return self._following.run

    @run.setter
    def run(self, run: "Run | None") -> None:
        self._following.follow(run)
        scores = run is None or getattr(run.config, "method", "") == "reward"  # nothing there that writes
        self.seeing.offer(None if scores else lambda: look(self, run))

    # --- the page ---

    def _open(self) -> None:
        """A page shows the viewer: begin what it will want to know."""
        self._linting.start()
        if self._session.log.all:
            self._jobs.queue("decide", self._resume)

    def _resume(self) -> None:
        session = self._session
        if session.place_decisions():
            if session.selected is None:
                session.selected = session.first_unjudged()
            self._decided(list(session.mine))
            self._tell("resumed", unplaced=session.unplaced, selected=session.selected)

    def _received(self, _: Any, content: Any, buffers: Any) -> None:
        self._requests.answer(content)

    def _tell(self, kind: str, **fields: Any) -> None:
        with self._sending:
            self.send({"type": kind, **fields})

    def _look(self, query: Query) -> None:
        """Select and order in the background; the page hears of it as far as it is known."""
        session = self._session

        def job(check: Check) -> None:
            told, share = time.monotonic(), 0.0

            def progress(done: int, total: int) -> None:
                nonlocal told, share
                check()
                share = done / max(total, 1)
                if time.monotonic() - told >= TELL_EVERY:
                    told = time.monotonic()
                    self._tell("looking", progress=share)

            # Each view has a version of its own, and only rows of the version that the page knows are shown.
            session.look(query, progress, lambda: self._tell("view", progress=share, **self._view(partial=True)), check)
            self._tell("view", **self._view())
            trim()  # orders and views of the texts that were made on the way

        self._jobs.start("look", job)

    def _view(self, partial: bool = False) -> dict[str, Any]:
        session = self._session
        return {
            "version": session.version,
            "count": len(session.view),
            "partial": partial,
            "query": vars(session.query),
            "title": session.title,
            "restricted": session.restricted,
            "steps": session.steps,
            "index": session.index_of(session.selected),
            "counts": session.counts(),
        }

    def _decided(self, changed: Sequence[int]) -> None:
        """Tell the page which pairs have another state now."""
        session = self._session
        some = list(changed[:1000])
        self._tell(
            "decided",
            position=some,
            state=session.states[some].tolist() if some else [],
            all=len(changed) > len(some),
            counts=session.counts(),
            **self._can(),
        )

    def _can(self) -> dict[str, bool]:
        log = self._session.log
        return {"undo": log.can_undo, "redo": log.can_redo, "use": bool(self._use), "tokens": self._tokens is not None}

    def _job_failed(self, name: str, error: Exception) -> None:
        if name == "lint":
            self._linting.failed(error)
        message = str(error) if isinstance(error, FtwidgetsError) else f"{type(error).__name__}: {error}"
        self._tell("failed", job=name, message=message)

    def _writable(self, path: str | Path) -> Path:
        target = Path(path).expanduser()
        for taken, what in ((self._source, "the source"), (self._session.log.path, "the decisions file")):
            if taken is not None and target.resolve() == taken.expanduser().resolve():
                raise FtwidgetsError(f"{target} is {what}, which is never overwritten; give another path.")
        return target

    def close(self) -> None:
        """Stop all work and take the viewer out of the page."""
        self._following.follow(None)
        self.seeing.stop()
        self._jobs.cancel_all()
        super().close()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return "me"

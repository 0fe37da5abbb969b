"""The lint of a viewer's pairs: in the background, told to the page as it finds things, stopped and taken up again."""

import time
from typing import TYPE_CHECKING, Any, Literal

from ftwidgets.data.pairs import CHECKS, Finding, LintReport
from ftwidgets.data.pairs.checks import lint_steps
from ftwidgets.memory.malloc import trim
from ftwidgets.widgets.pair_viewer import answers
from ftwidgets.widgets.pair_viewer.jobs import Check

if TYPE_CHECKING:
    from ftwidgets.widgets.pairs import PreferencePairs

TELL_EVERY = 0.2  # seconds


class Linting:
    """`state` and `progress` (0 to 1) of the lint of one viewer."""

    def __init__(self, viewer: "PreferencePairs", held_out: Any, max_length: int | None) -> None:
        self.state: Literal["waiting", "running", "done", "stopped"] = "waiting"
        self.progress = 0.0
        self._error: Exception | None = None
        self._viewer = viewer
        self._held_out = held_out
        self._max_length = max_length
        self._told = 0.0

    def start(self) -> None:
        """Begin, or begin again after a stop: numbers that were computed are kept."""
        if self.state in ("waiting", "stopped"):
            self.state, self._error = "running", None
            self._viewer._jobs.start("lint", self._work)

    def stop(self) -> None:
        self._viewer._jobs.cancel("lint")
        self.failed()

    def failed(self, error: Exception | None = None) -> None:
        self.state, self._error = "stopped", error
        self._tell()

    def report(self) -> LintReport:
        """All findings, waited for; raises what stopped the work, where it was not a person."""
        self.start()
        self._viewer._jobs.wait("lint")
        if self._error is not None:
            raise self._error
        session = self._viewer._session
        found = [session.findings[check.id] for check in CHECKS if check.id in session.findings]
        return LintReport(len(session.table), tuple(found), dict(session.not_checked))

    def _work(self, check: Check) -> None:
        viewer, session = self._viewer, self._viewer._session

        def progress(done: int, total: int) -> None:
            check()
            # Whoever filters or searches goes first.
            viewer._jobs.wait("look", timeout=10)
            self.progress = done / max(total, 1)
            if time.monotonic() - self._told > TELL_EVERY:
                self._tell()

        session.stats.lengths()
        viewer._tell("lengths")
        steps = lint_steps(
            session.table,
            session.stats,
            max_length=self._max_length or getattr(getattr(viewer.run, "config", None), "max_length", None),
            tokenizer=viewer._own_tokenizer(),
            held_out=self._held_out,
            progress=progress,
        )
        for step in steps:
            check()
            if isinstance(step, Finding):
                session.add_finding(step)
                viewer._tell("finding", finding=answers.finding(step))
            else:
                session.not_checked |= step
                viewer._tell("not_checked", reasons=step)
        trim()  # a tenth of the table's own size after a million pairs
        self.state, self.progress = "done", 1.0
        self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        self._viewer._tell("lint", state=self.state, progress=self.progress)

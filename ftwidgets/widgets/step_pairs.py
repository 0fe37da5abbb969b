"""From the curves to the pairs: what was trained in chosen steps, and which pairs a run could not learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as w
import numpy as np

from ftwidgets.config import PAIRWISE
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run
from ftwidgets.runs.examples import StepRows, examples, rows_of_steps
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.suspects import KINDS, suspects
from ftwidgets.widgets.text import paragraph, safe

if TYPE_CHECKING:
    from ftwidgets.data import Prepared
    from ftwidgets.widgets.pairs import PreferencePairs

Split = Literal["train", "eval"]

METHODS = (*PAIRWISE, "reward")  # methods that tell each pair's values
HINT = "Click a chart, or choose steps in it (Alt + drag), to read the pairs trained there."
READING = "Reading the run's pairs…"
SPLITS: dict[str, Split] = {"trained": "train", "held out": "eval"}
LOWEST = 3  # pairs named in the summary


@dataclass(frozen=True)
class Found:
    """What to show: row ids in order, why, and what the run said of them then."""

    split: Split
    ids: np.ndarray
    title: str
    text: str
    steps: tuple[int, int] | None = None
    scores: dict[str, dict[int, float]] = field(default_factory=dict)


class StepPairs(w.VBox):
    """The pairs behind stretches of a run's curves, in the pair viewer.

    Nothing is read before the first question; then the run's dataset is read and mapped as the run did it, off the
    main thread.

    Attributes:
        viewers: The pair viewer of each split that was asked for.
    """

    def __init__(self, run: Run, named: bool = False):
        self.run = run
        self.viewers: dict[Split, PreferencePairs] = {}
        self._asked: tuple[Any, ...] = ()
        self._prepared: Prepared | None = None
        self._worker = Latest(self._find, self._show, self._fail)
        self._split = w.ToggleButtons(
            options=SPLITS,
            description="pairs",
            tooltip="Which of the run's pairs are shown",
            tooltips=["Pairs that were trained", "Held-out pairs, at the run's evaluations"],
        )
        self._split.style.description_width = "initial"
        self._split.style.button_width = "auto"
        self._split.observe(lambda _: self._again(), "value")
        self._lists = {
            kind: w.Button(description=f"{word} pairs", tooltip=f"{word} pairs: candidates for wrong labels")
            for kind, word in KINDS.items()
        }
        for kind, button in self._lists.items():
            button.on_click(lambda _, kind=kind: self.suspect(kind))
        self._shut = w.Button(description="Close", icon="times", tooltip="Close the pairs")
        self._shut.on_click(lambda _: self.clear())
        self._shut.layout.display = "none"
        controls = w.HBox([self._split, *self._lists.values(), self._shut])
        controls.add_class("ftw-buttons")
        self._hint = paragraph(f"{run.name}: {HINT}" if named else HINT, "quiet")
        line = w.HBox([self._hint, controls])
        line.add_class("ftw-behind-line")
        self._said = paragraph(kind="said")
        self._said.layout.display = "none"
        self._place = w.VBox()
        super().__init__([line, self._said, self._place])
        self.add_class("ftw-behind")

    def pick(self, step: int) -> None:
        """Show the pairs behind one logged point: of all steps that it is the mean of."""
        self.show(max(0, step - self.run.config.logging_steps + 1), step)

    def show(self, first: int, last: int) -> None:
        """Show the pairs of steps ``first`` to ``last``, both included. Returns at once."""
        self._ask(pairs_of_steps, first, last)

    def suspect(self, kind: str) -> None:
        """Show the pairs that were ``"never_learned"`` or ``"flipped"``. Returns at once."""
        self._ask(pairs_under, kind)

    def show_rows(self, ids: Sequence[int], why: str) -> None:
        """Show some trained rows by their numbers. Returns at once."""
        self._split.value = "train"
        self._ask(pairs_named, tuple(ids), why)

    def clear(self) -> None:
        """Close the viewer and let go of the dataset."""
        for viewer in self.viewers.values():
            viewer.close()
        self.viewers, self._prepared, self._asked = {}, None, ()
        self._place.children = ()
        self._said.layout.display = self._shut.layout.display = "none"

    def close(self) -> None:
        self.clear()
        super().close()

    def _ask(self, *asked: Any) -> None:  # what finds the pairs, and its arguments
        self._asked = asked
        if self._prepared is None:
            self._say(READING)
        self._worker.ask(self._split.value, *asked)

    def _again(self) -> None:
        if self._asked:
            self._ask(*self._asked)

    def _find(self, split: Split, find: Callable[..., Found], *asked: Any) -> Found:
        """Called in a thread of its own."""
        found = find(self.run, split, *asked)
        if self._prepared is None:
            from ftwidgets.data import prepare

            try:
                self._prepared = prepare(self.run.config)
            except FtwidgetsError as error:  # what the run said of its rows stands without them
                return replace(found, text=f"{found.text} ⚠ {self.run.name}: its pairs cannot be shown. {error}")
        return found

    def _show(self, found: Found) -> None:
        """Called in a thread of its own."""
        prepared = self._prepared
        if not self._asked:  # closed meanwhile
            return None
        if prepared is None:
            self._place.children = ()
            return self._say(found.text)
        rows = prepared.train if found.split == "train" else prepared.held_out
        if rows is None:
            return self._say("The run held out no pairs.")
        self._say(found.text)
        self._shut.layout.display = ""
        if not len(found.ids):
            self._place.children = ()
            return None
        viewer = self.viewers.get(found.split)
        if viewer is None:
            from ftwidgets.widgets.pairs import PreferencePairs

            viewer = PreferencePairs(rows, self.run, split=found.split, height=560)
            self.viewers[found.split] = viewer
        if found.scores:
            viewer.set_scores(found.scores)
        viewer.show(found.ids.tolist(), found.title, found.steps)
        self._place.children = (viewer,)
        return None

    def _fail(self, error: Exception) -> None:
        self._say(f"⚠ {self.run.name}: its pairs cannot be shown. {error}")

    def _say(self, text: str) -> None:
        self._said.value = safe(text)
        self._said.layout.display = ""


def pairs_of_steps(run: Run, split: Split, first: int, last: int) -> Found:
    """The pairs trained (or evaluated) from step ``first`` to ``last``, the lowest margin first."""
    rows = rows_of_steps(run, first, last, split)
    where = f"Step {last:,}" if first == last else f"Steps {first:,}–{last:,}"
    what = "held-out pairs" if split == "eval" else "pairs"
    if not len(rows):
        missing = "no evaluation on held-out pairs" if split == "eval" else "no pair was trained"
        return Found(split, rows.ids, "", f"{where}: {missing}.")
    margin = rows.values["margin"]
    order = np.argsort(np.where(np.isnan(margin), np.inf, margin), kind="stable")
    title = f"{where}: {len(rows):,} {what}, lowest margin first"
    before = rows_of_steps(run, first - (last - first + 1), first - 1, split) if first > 1 else None
    text = f"{where}: {len(rows):,} {what}. {margins_said(rows, before)}{noted(run, split, rows.ids)}"
    scores = {f"{name} in these steps": _by_row(rows, name) for name in ("margin", "loss")}
    return Found(split, rows.ids[order], title, text, (first, last), scores)


def pairs_named(run: Run, split: Split, ids: tuple[int, ...], why: str) -> Found:
    """Some pairs by their row numbers, in that order."""
    return Found(split, np.array(ids, np.int64), why, f"{why}: rows {', '.join(map(str, ids))}.")


def margins_said(rows: StepRows, before: StepRows | None) -> str:
    """What the margins of some rows are, and how much of their mean hangs on the lowest few."""
    margin = rows.values["margin"]
    known = np.isfinite(margin)
    ids, margin = rows.ids[known], margin[known]
    if not len(margin):
        return "The run told no margins of them."
    told = f"Mean margin {margin.mean():.3g}, {(margin <= 0).sum():,} not above 0."
    if before is not None and len(before) and np.isfinite(before.values["margin"]).any():
        told = f"{told[:-1]}; {np.nanmean(before.values['margin']):.3g} in as many steps before."
    lowest = np.argsort(margin, kind="stable")[:LOWEST]
    named = ", ".join(f"{ids[i]} ({margin[i]:.3g})" for i in lowest)
    if 1 < len(margin) <= LOWEST:
        told += f" Rows {named}."
    if len(margin) > LOWEST:
        rest = np.delete(margin, lowest).mean()
        told += f" Lowest: rows {named}; without these the mean is {rest:.3g}."
    return told


def pairs_under(run: Run, split: Split, kind: str) -> Found:
    """The pairs that the run ``never_learned`` or that ``flipped``."""
    from ftwidgets.data.pairs.run_scores import RunScores

    listed = suspects(RunScores(examples(run, split), split), kind)
    title = f"{KINDS[kind]}: {len(listed.ids):,} pairs, lowest margin first"
    return Found(split, listed.ids, title, f"{listed}{noted(run, split, listed.ids)}")


def noted(run: Run, split: Split, ids: np.ndarray) -> str:
    """What the run had noted of some rows before it trained them: mostly the reason for an odd margin."""
    told = [
        note["text"]
        for note in run.notes
        if note.get("split", split) == split and np.isin(note.get("rows", ()), ids).any()
    ]
    return "".join(f" Noted before training: {text}" for text in told)


def _by_row(rows: StepRows, name: str) -> dict[int, float]:
    return dict(zip(rows.ids.tolist(), rows.values[name].tolist(), strict=True))

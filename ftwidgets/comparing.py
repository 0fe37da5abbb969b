"""Comparing runs: by their curves and held-out pairs, and blind, by a person."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftwidgets.blind import BlindComparison
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run
from ftwidgets.runs.standing import At
from ftwidgets.widgets.compare import Comparison
from ftwidgets.widgets.sources import runs_of


def compare(runs: Run | str | Path | Iterable[Run | str | Path], at: At = "last") -> Comparison:
    """Compare runs, live or from their folders.

    Args:
        runs: Runs, run folders, or both mixed; a folder of runs, such as ``"runs"``, stands for all of them.
        at: Judge each run by its ``"last"`` evaluation on held-out pairs, or by its ``"best"``.

    Raises:
        FtwidgetsError: A folder is no run, or there is nothing to compare.
    """
    given = [runs] if isinstance(runs, Run | str | Path) else list(runs)
    found = runs_of(given)
    bare = [run for run in found if not isinstance(run, Run)]
    if bare:
        raise FtwidgetsError(f"compare() takes runs and their folders, not {bare[0].id}: only a run has options.")
    return Comparison(list({run.folder.resolve(): run for run in found}.values()), at, BlindComparison)

"""Deleting runs so that they can be had back: they move to ``.trash`` beside the other runs."""

from __future__ import annotations

from pathlib import Path

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.run import Run
from ftwidgets.runs.store import forget, load_run

TRASH = ".trash"


def move_to_trash(run: Run | str | Path) -> Path:
    """Move an ended run's folder to ``<output_dir>/.trash`` and return where it lies.

    A move within one folder of one disk: nothing is copied, and a crash leaves the run in one of the two places.

    Raises:
        FtwidgetsError: The run still goes on, is no run, or cannot be moved.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if not run.ended:
        raise FtwidgetsError(f"{run.id} still goes on. Stop it before deleting it.")
    folder = run.folder.expanduser()
    target = _free(folder.parent / TRASH / folder.name)
    try:
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
    except OSError as error:
        raise FtwidgetsError(f"{folder}: cannot be moved to {target.parent}: {error}.") from None
    forget(run)
    return target


def restore(trashed: Path) -> Path:
    """Put a run back beside the others and return where it stands, under another name where its own is taken.

    Raises:
        FtwidgetsError: It is not in the trash any more, or cannot be moved.
    """
    target = _free(trashed.parent.parent / trashed.name)
    try:
        trashed.rename(target)
    except OSError as error:
        raise FtwidgetsError(f"{trashed}: cannot be put back: {error}.") from None
    return target


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free

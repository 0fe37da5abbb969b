"""Exports are written whole or not at all: into ``NAME.part``, which takes its name when everything was checked."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ftwidgets.errors import FtwidgetsError

GB = 1e9
SPARE = 50e6  # bytes left free on a disk: a system without any is in trouble of its own


class ExportError(FtwidgetsError):
    """Something could not be taken away. The run is as it was, and nothing half-written stands under the target."""


def free_target(target: str | Path) -> Path:
    """``target`` as an absolute path that is not taken, its folder made.

    Raises:
        ExportError: Something is there already, or its folder cannot be made.
    """
    path = Path(target).expanduser().absolute()
    if path.exists() or path.is_symlink():
        raise ExportError(f"{path}: there is something already, and it is kept. Choose another name, or remove it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{path}: its folder cannot be made: {error}. Choose another place.") from None
    return path


def check_disk(target: Path, needed: float) -> None:
    """Raises ``ExportError`` when the disk of ``target`` has less than ``needed`` bytes free."""
    free = shutil.disk_usage(target.parent).free
    if free < needed + SPARE:
        raise ExportError(
            f"{target}: needs {needed / GB:.2f} GB and that disk has {free / GB:.2f} GB free. Make room, or choose "
            "another disk."
        )


@contextmanager
def whole(target: str | Path, needed: float = 0.0) -> Iterator[Path]:
    """A path to write a file or a folder to, which becomes ``target`` if all goes well and is removed if not.

    Args:
        needed: Bytes that will be written.

    Raises:
        ExportError: ``target`` is taken, or the disk is or runs full.
    """
    path = free_target(target)
    check_disk(path, needed)
    part = path.with_name(path.name + ".part")
    remove(part)  # of an export that was killed
    try:
        yield part
        if path.exists():
            raise ExportError(f"{path}: something came to be there meanwhile, and it is kept. Choose another name.")
        part.rename(path)
    except BaseException as error:
        remove(part)
        if is_full(error):
            raise ExportError(
                f"{path}: the disk is full. Nothing of the export is left on it, and the run is as it was. Make room, "
                "or choose another disk."
            ) from None
        if isinstance(error, OSError):
            raise ExportError(f"{path}: cannot be written: {error}.") from error
        raise


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full, also where a library wrapped it."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        if isinstance(at, OSError) and at.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "no space left on device" in str(at).lower():  # safetensors gives text, not a number
            return True
        at = at.__cause__ or at.__context__
    return False


def remove(path: Path) -> None:
    """Remove a file or a folder, if there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

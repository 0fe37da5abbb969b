"""Taking a run's model away: what Studio's Take away buttons and ``ftwidgets export`` do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run, load_run

KINDS = ("adapter", "merged", "gguf", "hub", "card", "script")


@dataclass(frozen=True)
class Export:
    """What was taken away, and what was checked on the way.

    Attributes:
        kind: One of ``adapter, merged, gguf, hub, card, script``.
        place: The folder, the file, or the address on the hub.
        checked: A sentence for each thing that was checked.
    """

    kind: str
    place: str
    checked: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.kind}: {self.place}", *(f"  {line}" for line in self.checked)])


def export_run(
    run: Run | str | Path,
    to: str = "merged",
    target: str | Path | None = None,
    *,
    progress: Any = None,
    **options: Any,
) -> Export:
    """Take a run's model away. What is written is read back and checked, and appears whole or not at all.

    Args:
        run: A run, or its folder.
        to: ``adapter``: a PEFT folder. ``merged``: one 16-bit model, merged into the unquantised base and compared with
            it. ``gguf``: a file for llama.cpp, made by its own converter. ``hub``: a repository on the Hugging Face
            hub. ``card``: the model card and the picture of the curves. ``script``: a folder with a plain-TRL script
            that repeats the run.
        target: The folder or file to make, which must not exist; for ``hub`` the ``name/repository``. By default a name
            in the run's folder.
        progress: Called as ``progress(phase, done, total, text)``.
        options: For ``gguf``: ``converter``, ``outtype``. For ``hub``: ``merged``, ``private``, ``token``,
            ``endpoint``. See ``ftwidgets.export.gguf`` and ``ftwidgets.export.hub``.

    Raises:
        FtwidgetsError: It cannot be done; the message says why and what to do. The run is as it was.
    """
    if isinstance(run, str | Path):
        run = load_run(run)
    if to not in KINDS:
        raise FtwidgetsError(f"to={to!r}: use one of {', '.join(KINDS)}.")
    if not run.ended:
        raise FtwidgetsError(f"{run.id} still goes on. Stop it, or wait for its end; what it learnt is then saved.")
    if target is None:
        if to == "hub":
            raise FtwidgetsError("target: give the repository on the hub, as your-name/repository.")
        target = default_target(run, to)
    allowed = {"gguf": {"converter", "outtype"}, "hub": {"merged", "private", "token", "endpoint"}}.get(to, set())
    if unknown := set(options) - allowed:
        raise FtwidgetsError(f"{', '.join(sorted(unknown))}: not an option of to={to!r}.")
    place, checked = _export(run, to, target, _Progress(progress), options)
    return Export(to, str(place), checked)


def default_target(run: Run, to: str) -> Path:
    """Where an export goes when nothing is said: into the run's folder, under a name that is free."""
    ending = ".gguf" if to == "gguf" else ""
    stem = run.folder / "exports" / to
    for number in range(1, 1000):
        path = stem.with_name(f"{to}{'' if number == 1 else f'-{number}'}{ending}")
        if not path.exists():
            return path
    raise FtwidgetsError(f"{stem.parent}: a thousand exports are there already. Give a target.")


def _export(run: Run, to: str, target: str | Path, progress: Any, options: dict[str, Any]) -> Any:
    if to == "adapter":
        from ftwidgets.export.adapter import export_adapter

        return export_adapter(run, target, _draw)
    if to == "card":
        return _card(run, target)
    if to == "hub":
        from ftwidgets.export.hub import push

        with _quiet(progress):
            return push(run, str(target), progress, _draw, **options)
    if to == "script":
        from ftwidgets.export.script import export_script

        with _quiet(progress):
            return export_script(run, target, progress)
    if to == "gguf":
        from ftwidgets.export.gguf import export_gguf

        with _quiet(progress):
            return export_gguf(run, target, progress, **options)
    from ftwidgets.export.merged import export_merged

    with _quiet(progress):
        return export_merged(run, target, progress, _draw)


def _card(run: Run, target: str | Path) -> tuple[Path, tuple[str, ...]]:
    from ftwidgets.export.card import write_card
    from ftwidgets.export.writing import whole

    with whole(target, 1e6) as part:
        part.mkdir()
        write_card(run, part, "adapter", _draw)
    return Path(target).expanduser().absolute(), ("Read back: the header is sound YAML.",)


def _draw(run: Run) -> bytes:
    from ftwidgets.widgets.picture import picture

    return picture([run])


@contextmanager
def _quiet(progress: Any) -> Iterator[None]:
    """Keep what the libraries print out of the notebook; their progress bars go to ``progress``."""
    from ftwidgets.training.quiet import quiet

    with Path(os.devnull).open("w") as nowhere, quiet(nowhere, progress):
        yield


class _Progress:
    """A progress that may be nobody's."""

    def __init__(self, progress: Any):
        self._progress = progress

    def __call__(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
        if self._progress is not None:
            self._progress(phase, done, total, text)

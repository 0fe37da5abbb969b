"""Where models are: built in, in folders, in the Hugging Face cache of this machine, on the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ftwidgets.errors import FtwidgetsError
from ftwidgets.models import cache
from ftwidgets.models.adapters import AdapterError, is_adapter, read_adapter

DEMO = "demo"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_ADDRESS = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/)([\w.-]+/[\w.-]+)")
_DEPTH = 3  # levels of folders looked through for models
_FOLDERS = 2000  # and how many of them, so that a large disk cannot hold up a form
_SKIP = {"node_modules", "__pycache__", "site-packages", "checkpoints", "venv"}


class ModelNotFoundError(FtwidgetsError):
    """A model that is not on this machine under the name given."""


@dataclass(frozen=True)
class Model:
    """A model that can be picked."""

    name: str  # what RunConfig.model takes (for an adapter, RunConfig.adapter)
    source: Literal["demo", "folder", "cache", "adapter", "hub"]
    folder: Path | None  # None: not on this machine yet
    base: str | None = None  # of an adapter

    @property
    def bytes(self) -> int | None:
        """Of its files here; looked up when asked for, which takes too long for a list of thousands."""
        try:
            return _size_of(self.folder) if self.folder is not None else None
        except OSError:
            return None


def available(folders: Iterable[str | Path] = (), cache_dir: str | Path | None = None) -> list[Model]:
    """Every model on this machine: the built-in one, those in folders, those in the Hugging Face cache, adapters.

    Folders looked through: the current one, ``~/models`` and those given, a few levels deep.
    """
    found = [Model(DEMO, "demo", _demo_folder())]
    seen: set[Path] = set()
    for place in [Path.cwd(), Path.home() / "models", *folders]:
        for model in _in_folder(Path(place).expanduser(), _DEPTH):
            if model.folder is not None and model.folder.resolve() not in seen:
                seen.add(model.folder.resolve())
                found.append(model)
    return [*found, *_in_cache(cache_dir)]


def find(text: str = "", among: Iterable[Model] | None = None) -> list[Model]:
    """The models whose name contains every word of ``text``, names that start with it first.

    Args:
        text: What was typed. Where it begins as a path does, the models in the folders it begins to name. A hub id that
            is not on this machine is offered as a download.
        among: The result of ``available()``, so that each key typed does not look through the disk again.
    """
    if text.startswith(("~", ".")) or Path(text).is_absolute():
        return list(_below(text))
    models = list(available() if among is None else among)
    words = text.lower().split()
    found = [m for m in models if all(word in _searched(m) for word in words)]
    first = words[0] if words else ""
    found.sort(key=lambda m: not m.name.rsplit("/", 1)[-1].lower().startswith(first))
    typed = text.strip()
    if is_hub_id(typed) and all(m.name != typed for m in found):
        found.append(Model(typed, "hub", None))
    return found


def is_hub_id(name: str) -> bool:
    """Whether ``name`` is of the hub, ``author/model``, and no folder here."""
    return _HUB_ID.fullmatch(name) is not None and not Path(name).exists()


def locate(name: str, revision: str | None = None, cache_dir: str | Path | None = None) -> Path:
    """The folder of a model on this machine.

    Args:
        name: ``"demo"``, a folder, or a hub id.
        revision: Branch, tag or commit of a hub model.

    Raises:
        ModelNotFoundError: It is not here; the message says what to do.
    """
    if name == DEMO:
        return _demo_folder()
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(name):
        raise ModelNotFoundError(f"{name}: {_what_instead(name, folder)}")
    snapshot = cache.snapshot(name, revision, cache_dir)
    if snapshot is None:
        raise ModelNotFoundError(
            f"{name} is not on this machine. Download it: ftwidgets.models.download({name!r}), or start the run."
        )
    return snapshot


def _in_cache(cache_dir: str | Path | None) -> Iterator[Model]:
    for name, folder in cache.snapshots(cache_dir):
        if (folder / "config.json").exists():
            yield Model(name, "cache", folder)
        elif is_adapter(folder):
            yield Model(name, "adapter", folder, _base_of(folder))
        elif _has_gguf(folder):
            yield Model(name, "cache", folder)


def _below(text: str) -> Iterator[Model]:
    """Models in the folders whose path begins with what was typed."""
    typed = Path(text).expanduser()
    parent, start = (typed, "") if text.endswith(("/", os.sep)) else (typed.parent, typed.name)
    for place in _folders_in(parent, hidden=start.startswith(".")):
        if place.name.startswith(start):
            yield from _in_folder(place, _DEPTH - 1)


def _in_folder(folder: Path, depth: int) -> Iterator[Model]:
    level, looked_at = [folder], 0
    for _ in range(depth + 1):
        below: list[Path] = []
        for place in level:
            looked_at += 1
            if looked_at > _FOLDERS:
                return
            if (place / "config.json").is_file() and _has_model_files(place):
                yield Model(str(place), "folder", place)
            elif is_adapter(place):
                yield Model(str(place), "adapter", place, _base_of(place))
            else:
                if _has_gguf(place):
                    yield Model(str(place), "folder", place)
                below += _folders_in(place)
        level = below


def _folders_in(place: Path, hidden: bool = False) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            names = sorted(
                e.name for e in entries if e.is_dir() and e.name not in _SKIP and (hidden or e.name[0] != ".")
            )
    except OSError:
        return []
    return [place / name for name in names]


def _has_model_files(folder: Path) -> bool:
    names = (file.name for file in folder.iterdir())
    return any(n.endswith((".safetensors", ".gguf")) or n.startswith(("tokenizer", "pytorch_model")) for n in names)


def _has_gguf(folder: Path) -> bool:
    """Whether GGUF files lie here. They cannot be trained, but are listed: nobody shall wonder where they are."""
    return any(folder.glob("*.gguf"))


def _size_of(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries if entry.is_file())


def _base_of(folder: Path) -> str | None:
    try:
        return read_adapter(folder).base
    except AdapterError:
        return None


def _searched(model: Model) -> str:
    return f"{model.name} {model.source} {model.base or ''}".lower()


def _what_instead(name: str, folder: Path) -> str:
    """What is wrong with a name that is no folder and no hub id, and what to give."""
    address = _HUB_ADDRESS.match(name)
    if address is not None:
        return f"an address. Give the model's id: {address[1]}"
    if folder.suffix.lower() == ".gguf":
        return "GGUF weights cannot be trained. Give the safetensors model that they were converted from."
    if folder.is_file():
        return "a file. Give the folder of a model, a Hugging Face id, or “demo”; rows go into dataset."
    return f"no such folder, and not a hub id such as Qwen/Qwen3-0.6B.{_similar(folder)}"


def _similar(folder: Path) -> str:
    import difflib

    try:
        near = difflib.get_close_matches(folder.name, [f.name for f in folder.parent.iterdir()], n=1)
    except OSError:
        return ""
    return f" Did you mean {folder.parent / near[0]}?" if near else ""


def _demo_folder() -> Path:
    from ftwidgets.demo import model_folder

    return model_folder()

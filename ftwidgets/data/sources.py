"""What a dataset's name stands for: a file, a folder, a hub dataset, or an object of the kernel."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ftwidgets.data.encodings import COMPRESSED
from ftwidgets.data.hub import is_saved_dataset, source_of_hub, source_of_saved
from ftwidgets.data.json_files import read_json, read_json_lines
from ftwidgets.data.kernel_objects import VARIABLE, source_of_object
from ftwidgets.data.problems import Problem
from ftwidgets.data.rows import Row, Source
from ftwidgets.data.table_files import parquet_length, read_arrow, read_csv, read_parquet
from ftwidgets.data.text_files import read_text
from ftwidgets.errors import FtwidgetsError

_READERS: dict[str, Callable[[Path], Iterator[Row | Problem]]] = {
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".feather": read_arrow,
    ".txt": read_text,
    ".text": read_text,
    ".md": read_text,
}
SUFFIXES = tuple(_READERS)
_SPLIT_NAMES = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
}  # fmt: skip
_HUB_ADDRESS = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+)")
_NOT_DATA = re.compile(r"^(readme|license|notice|changelog|dataset_infos?|\.)", re.IGNORECASE)


def open_source(dataset: Any, config: str | None = None, split: str = "train") -> Source:
    """The rows that a dataset's name or object stands for.

    Args:
        dataset: A path, a hub id, or an object (see `source_of_object`).
        config: Subset of a hub dataset.
        split: Split of a hub dataset, a `DatasetDict`, or a folder with files named for splits.

    Raises:
        FtwidgetsError: Nothing of that name, nothing readable in it, or no such split.
    """
    if not isinstance(dataset, (str, Path)):
        return source_of_object(dataset, split=split)
    name = str(dataset).strip()
    if not name:
        raise FtwidgetsError("No dataset is named. Give a file, a folder, a hub id or a variable.")
    if name.startswith(VARIABLE):
        raise FtwidgetsError(
            f"{name!r} names a variable of a notebook, which is not known here. Give the object itself, as in "
            f"ftwidgets.train(dataset={name.removeprefix(VARIABLE)}), or save its rows to a file."
        )
    path = Path(name).expanduser()
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError) as error:
        raise FtwidgetsError(f"{name[:200]!r} is not a path: {error}.") from error
    if is_file:
        return _file_source(path)
    if is_folder:
        if any(path.glob("*.safetensors")) and (path / "config.json").is_file():  # its tokenizer would pass for rows
            raise FtwidgetsError(f"{name} is the folder of a model, which goes into model. Give rows.")
        return source_of_saved(path, split) if is_saved_dataset(path) else _folder_source(path, split)
    address = _HUB_ADDRESS.match(name)
    if address is not None:
        raise FtwidgetsError(f"{name} is an address. Give the dataset's id: {address[1]}")
    if _looks_like_path(name):
        raise FtwidgetsError(_missing(path))
    return source_of_hub(name, config, split)


def reader_of(path: Path) -> Callable[[Path], Iterator[Row | Problem]] | None:
    """The function that reads files of this name, looking through .gz and the like."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return _READERS.get(suffixes[-1]) if suffixes else None


def _file_source(path: Path) -> Source:
    reader = reader_of(path)
    if reader is None:
        raise FtwidgetsError(
            f"{path.name}: files ending in {path.suffix or 'nothing'!r} are not read. "
            f"Use one of {', '.join(SUFFIXES)}, plain or compressed ({', '.join(COMPRESSED)})."
        )
    if reader in (read_parquet, read_arrow) and path.suffix.lower() in COMPRESSED:
        raise FtwidgetsError(f"{path.name}: decompress it first; Parquet and Arrow files are compressed within.")
    size = path.stat().st_size
    if not size:
        raise FtwidgetsError(f"{path} is empty. Choose a file with rows in it.")
    length = parquet_length(path) if reader is read_parquet else None
    return Source(path.name, partial(reader, path), length, size)


def _folder_source(folder: Path, split: str) -> Source:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and reader_of(path)
        and not any(_NOT_DATA.match(part) for part in path.relative_to(folder).parts)
    )
    if not files:
        raise FtwidgetsError(f"{folder} holds no file that can be read ({', '.join(SUFFIXES)}).")
    named = {path: _split_of(path.relative_to(folder)) for path in files}
    splits = tuple(dict.fromkeys(name for name in named.values() if name))
    notes = []
    if splits:
        wanted = _SPLIT_NAMES.get(split, split)
        files = [path for path in files if named[path] == wanted]
        if not files:
            raise FtwidgetsError(f"{folder} has no files for split {split!r}. It has: {', '.join(splits)}.")
        notes.append(f"files named for split {wanted!r}: {', '.join(p.name for p in files[:5])}")
    size = sum(path.stat().st_size for path in files)
    return Source(folder.name, partial(_read_files, folder, files), None, size, splits, notes)


def _split_of(path: Path) -> str:
    for part in reversed(path.parts):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in _SPLIT_NAMES:
                return _SPLIT_NAMES[word]
    return ""


def _read_files(folder: Path, files: list[Path]) -> Iterator[Row | Problem]:
    for path in files:
        name = str(path.relative_to(folder))
        reader = reader_of(path)
        assert reader is not None
        try:
            for item in reader(path):
                if isinstance(item, Row):
                    item.file = name
                    yield item
                else:
                    yield item.at(None, None, name)
        except FtwidgetsError as error:
            yield Problem("unreadable file", str(error), "Its rows are left out.", file=name)


def _looks_like_path(name: str) -> bool:
    return (
        name.startswith((".", "/", "~", "\\"))
        or name.count("/") > 1
        or "\\" in name
        or any(suffix in SUFFIXES or suffix in COMPRESSED for suffix in Path(name).suffixes)
        or not re.fullmatch(r"[\w][\w.-]*(/[\w][\w.-]*)?", name, re.ASCII)
    )


def _missing(path: Path) -> str:
    here = f" (looked in {Path.cwd()})" if not path.is_absolute() else ""
    if path.parent.is_dir():
        near = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else " Check the name."
    else:
        hint = f" The folder {path.parent} does not exist either."
    return f"There is no file {path}{here}.{hint}"

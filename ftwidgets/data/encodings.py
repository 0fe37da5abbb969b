"""Which encoding a text file has, found from its bytes, and said when it had to be guessed."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from ftwidgets.data.problems import Problem
from ftwidgets.errors import FtwidgetsError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
COMPRESSED = (*_OPENERS, ".zst")
_HEAD = 1 << 20


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file, decompressed by its suffix (.gz, .bz2, .xz, .zst)."""
    suffix = path.suffix.lower()
    if suffix in _OPENERS:
        return cast(IO[bytes], _OPENERS[suffix](path, "rb"))
    if suffix == ".zst":
        import pyarrow as pa

        return cast(IO[bytes], io.BufferedReader(pa.input_stream(str(path), compression="zstd")))
    return path.open("rb")


def open_text(path: Path, newline: str | None = None) -> tuple[IO[str], list[Problem]]:
    """The file as text, and a note where its encoding is not UTF-8.

    Bytes that do not decode become lone surrogates, which the conversion reports row by row.

    Raises:
        FtwidgetsError: The file cannot be opened, is empty, or is not text.
    """
    try:
        with open_bytes(path) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise FtwidgetsError(f"{path} cannot be read: {error}.") from error
    if not head:
        raise FtwidgetsError(f"{path} is empty. Choose a file with rows in it.")
    encoding, guessed = sniff(head)
    if encoding is None:
        raise FtwidgetsError(f"{path} is not text: its first bytes are {head[:8]!r}.")
    notes = []
    if guessed:
        notes.append(
            Problem(
                "encoding",
                f"{path.name} is not UTF-8; it was read as {encoding}.",
                "If letters look wrong, save it as UTF-8.",
                file=path.name,
            )
        )
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors=errors, newline=newline), notes


def sniff(head: bytes) -> tuple[str | None, bool]:
    """``(encoding, guessed)`` for the first bytes of a file; the encoding is ``None`` for what is not text."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name, False
    if _is_utf8(head):
        # NUL is valid UTF-8, but no text has many: UTF-16 without a mark, or a binary file
        return ("utf-8", False) if head.count(0) * 50 < len(head) else (_utf16_without_mark(head), True)
    if head.count(0) * 200 > len(head):
        return _utf16_without_mark(head), True
    undecodable = len(re.findall("[\udc80-\udcff]", head.decode("utf-8", "surrogateescape")))
    above_ascii = sum(byte > 127 for byte in head[: 1 << 16]) or 1
    if undecodable * 20 < above_ascii or (undecodable * 10_000 < len(head) and undecodable * 4 < above_ascii):
        return "utf-8", False  # UTF-8 with a few damaged places
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    if control * 50 > len(head):
        return None, False
    return _legacy(head), True


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < 4 * min(even, odd) + 1:
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return None
    return name


def _legacy(head: bytes) -> str:
    """GBK (as gb18030) where the bytes above 127 make common Chinese characters, else Western (cp1252 or Latin-1)."""
    chinese = codecs.getincrementaldecoder("gb18030")(errors="replace").decode(head)
    high = sum(byte > 127 for byte in head)
    common = sum("\u4e00" <= char <= "\u9fff" or char in "，。？！：；“”、（）《》" for char in chinese)
    damaged = chinese.count("\ufffd")
    # two bytes a character: real GBK turns nearly all high bytes into ideographs; accents stand alone among ASCII
    if common * 2 > 0.8 * high and damaged * 20 < common and not _accents(head):
        return "gb18030"
    try:
        head.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _accents(head: bytes) -> bool:
    """Whether high bytes mostly stand alone inside words of ASCII letters, as accented letters do."""
    runs = re.findall(rb"[\x80-\xff]+", head)
    return sum(len(run) % 2 for run in runs) * 3 > len(runs)

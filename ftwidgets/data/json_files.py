"""JSON and JSON Lines, read row by row, with the line of every fault."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ftwidgets.data.encodings import open_text
from ftwidgets.data.problems import Problem
from ftwidgets.data.rows import Row

_CHUNK = 1 << 20
_CHECKED_FOR_DUPLICATES = 200
_MESSAGE_KEYS = {"role", "from"}


def read_json_lines(path: Path) -> Iterator[Row | Problem]:
    """Rows of a file with one JSON object a line; one that proves to be a JSON list is read as such."""
    stream, notes = open_text(path)
    with stream:
        yield from notes
        limit = _longest_row()
        line = rows = 0
        while text := stream.readline(limit):
            line += 1
            if len(text) >= limit and not text.endswith("\n"):
                yield Problem("row too long", f"A line is longer than {limit:,} characters.", line=line, skipped=True)
                return
            body = text.strip(" \t\r\n\ufeff\x1e")
            if not body:
                continue
            if not rows and (body.startswith("[") or body == "{"):
                break
            rows += 1
            yield from _row_of_line(body, line, check=rows <= _CHECKED_FOR_DUPLICATES)
        else:
            return
    yield from read_json(path)


def _row_of_line(body: str, line: int, check: bool) -> Iterator[Row | Problem]:
    repeated: list[str] = []
    try:
        value = json.loads(body, object_pairs_hook=_hook(repeated)) if check else json.loads(body)
    except RecursionError:
        yield Problem("invalid JSON", "The row is nested too deeply.", line=line, skipped=True)
    except ValueError as error:
        yield _syntax_error(error, body, line)
    else:
        yield from _as_row(value, line, repeated)


def _syntax_error(error: ValueError, body: str, line: int) -> Problem:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    cut = isinstance(error, json.JSONDecodeError) and (
        error.pos >= len(body) - 1 or reason.startswith("Unterminated string")
    )
    what = "The row is cut off" if cut else "The row is not valid JSON"
    return Problem("invalid JSON", f"{what}: {reason}.", "Repair or remove the line.", line=line, skipped=True)


def _hook(repeated: list[str]) -> Any:
    def pairs_to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return found

    return pairs_to_dict


def _as_row(value: Any, line: int | None, repeated: list[str] | None = None) -> Iterator[Row | Problem]:
    if repeated:
        yield Problem(
            "duplicate column",
            f"The name {repeated[0]!r} stands twice in one object; the last one is used.",
            "Rename one of them if both are meant.",
            line=line,
        )
    if isinstance(value, dict):
        yield Row(value, line)
    elif isinstance(value, str):
        yield Row({"text": value}, line)
    else:
        yield Problem(
            "not an object",
            f"The row is {_named(value)}, not an object with named columns.",
            'Write rows as {"column": value, ...}.',
            line=line,
            skipped=True,
        )


def _named(value: Any) -> str:
    kinds = {list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), type(value).__name__)


def read_json(path: Path) -> Iterator[Row | Problem]:
    """Rows of a JSON file: a list of objects, objects one after another, or one object of columns or of a list."""
    stream, notes = open_text(path)
    with stream:
        yield from notes
        scanner = _Scanner(stream)
        scanner.skip("\ufeff")
        if scanner.peek() == "[":
            scanner.at += 1
            yield from _items(scanner, "]")
            return
        values = _items(scanner, "")
        first = list(islice(values, 2))
        if len(first) == 1 and isinstance(first[0], Row) and isinstance(scanner.last, dict):
            yield from _rows_of_object(first[0].cells)
            return
        yield from first
        yield from values


def _rows_of_object(cells: dict[str, Any]) -> Iterator[Row | Problem]:
    """Rows of a file that is one object: ``{"data": [rows]}``, ``{"column": [cells]}`` or a single row."""
    lists = {name: value for name, value in cells.items() if isinstance(value, list)}
    tables = [v for v in lists.values() if v and all(isinstance(r, dict) for r in v) and not _MESSAGE_KEYS & set(v[0])]
    if len(tables) == 1 and "chosen" not in cells and len(lists) == 1:
        for value in tables[0]:
            yield from _as_row(value, None)
        return
    lengths = {len(value) for value in lists.values()}
    if lists and len(lists) == len(cells) and len(lengths) == 1 and not any(_is_chat(v) for v in lists.values()):
        for values in zip(*lists.values(), strict=True):
            yield Row(dict(zip(lists, values, strict=True)))
        return
    keyed = [value for value in cells.values() if isinstance(value, dict)]
    if len(keyed) == len(cells) > 0 and keyed[0] and all(v.keys() == keyed[0].keys() and "0" in v for v in keyed):
        for key in keyed[0]:  # pandas' to_json: {"column": {"0": cell, ...}}
            yield Row({name: cells[name][key] for name in cells})
        return
    yield Row(cells, 1)


def _is_chat(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], dict) and bool(_MESSAGE_KEYS & set(value[0]))


def _items(scanner: _Scanner, end: str) -> Iterator[Row | Problem]:
    """The values up to ``end`` (empty: to the end of the file)."""
    count = 0
    keys: set[str] | None = None
    while True:
        scanner.skip(",")
        char = scanner.peek()
        if not char:
            if end:
                yield Problem(
                    "truncated file",
                    f"The file ends on line {scanner.line} before its list is closed, after {count:,} rows.",
                    "It was probably cut off while being copied; rows before this line are usable.",
                    line=scanner.line,
                )
            elif not count:
                yield Problem("no rows", "The file holds only blank space.")
            return
        if char == end:
            scanner.at += 1
            return
        line = scanner.line
        value, fault = scanner.value(check=count < _CHECKED_FOR_DUPLICATES)
        scanner.last = value
        count += 1
        if fault is None:
            if isinstance(value, dict):
                keys = keys or set(value)
            yield from _as_row(value, line, scanner.repeated)
            continue
        yield fault.at(None, line)
        if not scanner.recover(keys):
            return


class _Scanner:
    """Takes JSON values one by one from a stream, holding little more than one of them."""

    def __init__(self, stream: IO[str]):
        self.stream = stream
        self.text = ""
        self.at = 0
        self.line = 1
        self.ended = False
        self.last: Any = None
        self.repeated: list[str] = []
        self.limit = _longest_row()
        self._plain = json.JSONDecoder()
        self._checking = json.JSONDecoder(object_pairs_hook=_hook(self.repeated))

    def more(self) -> bool:
        """Read on; each call at least doubles what is left, so that a long value costs linear time."""
        if self.ended or len(self.text) - self.at > self.limit:
            return False
        rest = self.text[self.at :]
        chunk = self.stream.read(max(_CHUNK, len(rest)))
        self.ended = not chunk
        self.text, self.at = rest + chunk, 0
        return bool(chunk)

    def skip(self, also: str = "") -> None:
        """Move over blank space and the given characters."""
        pattern = re.compile(rf"[\s\x1e{also}]*")
        while True:
            match = pattern.match(self.text, self.at)
            stop = match.end() if match else self.at
            self.line += self.text.count("\n", self.at, stop)
            self.at = stop
            if stop < len(self.text) or not self.more():
                return

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def value(self, check: bool) -> tuple[Any, Problem | None]:
        """The value that starts here, or what is wrong with it."""
        decoder = self._checking if check else self._plain
        while True:
            self.repeated.clear()
            try:
                value, stop = decoder.raw_decode(self.text, self.at)
            except RecursionError:
                return None, Problem("invalid JSON", "The row is nested too deeply.", skipped=True)
            except json.JSONDecodeError as error:
                inside = error.pos < len(self.text) - 64 and not error.msg.startswith("Unterminated string")
                if not inside and self.more():
                    continue
                return None, self._fault(error)
            except ValueError as error:  # a number of more digits than Python takes
                return None, Problem("invalid JSON", f"The row cannot be read: {error}.", skipped=True)
            if stop == len(self.text) and self.more():
                continue
            self.line += self.text.count("\n", self.at, stop)
            self.at = stop
            return value, None

    def _fault(self, error: json.JSONDecodeError) -> Problem:
        place = self.line + self.text.count("\n", self.at, error.pos)
        if len(self.text) - self.at > self.limit:
            return Problem(
                "row too long",
                f"What starts here is longer than {self.limit:,} characters, more than memory allows for one row.",
                "Write the rows as JSON Lines, one object a line.",
                skipped=True,
            )
        if self.ended and (error.pos >= len(self.text.rstrip()) - 1 or error.msg.startswith("Unterminated")):
            return Problem(
                "truncated file",
                f"The row that starts here is cut off: {error.msg} (line {place}).",
                "The rows before it are usable.",
                skipped=True,
            )
        return Problem("invalid JSON", f"Not valid JSON on line {place}: {error.msg}.", "Repair the row.", skipped=True)

    def recover(self, keys: set[str] | None) -> bool:
        """Move to the next object that looks like a row (has the first row's names); False when there is none."""
        start = self.at
        while True:
            for match in re.finditer(r"\}[\s,]*(?=\{)", self.text[start:]):
                stop = start + match.end()
                try:
                    value, _ = self._plain.raw_decode(self.text, stop)
                except (ValueError, RecursionError):
                    continue
                if set(value) == keys or (keys is None and not _MESSAGE_KEYS & set(value)):
                    self.line += self.text.count("\n", self.at, stop)
                    self.at = stop
                    return True
            if not self.more():
                return False
            start = self.at  # the text was shifted; candidates cut off at its end are tried again


def _longest_row() -> int:
    """Characters one row may have: a sixteenth of the free memory, since parsed JSON takes several times its text."""
    import psutil

    return max(1 << 24, min(1 << 30, psutil.virtual_memory().available // 16))

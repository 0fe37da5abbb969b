"""Plain text files: paragraphs, or lines where there are no paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ftwidgets.data.encodings import open_text
from ftwidgets.data.problems import Problem
from ftwidgets.data.rows import Row

_LINES_LOOKED_AT = 2000
_LONGEST = 1 << 26


def read_text(path: Path) -> Iterator[Row | Problem]:
    """Rows with one column, ``text``: a paragraph each where blank lines divide the file, else a line each."""
    stream, notes = open_text(path)
    with stream:
        yield from notes
        head = [line.strip() for line in islice(iter(lambda: stream.readline(_LONGEST), ""), _LINES_LOOKED_AT)]
    stream, _ = open_text(path)
    with stream:
        paragraphs = "" in head[head.index(next((line for line in head if line), "")) :][:-1] if head else False
        gathered: list[str] = []
        start = line = 0
        while text := stream.readline(_LONGEST):
            line += 1
            if text.strip():
                start = start if gathered else line
                gathered.append(text.rstrip("\r\n"))
            if gathered and (not paragraphs or not text.strip()):
                yield Row({"text": "\n".join(gathered)}, start)
                gathered = []
        if gathered:
            yield Row({"text": "\n".join(gathered)}, start)

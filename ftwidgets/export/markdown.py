"""Text from people, data and models inside Markdown, shown as text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What begins emphasis, code, links, HTML, entities, headings, table cells, formulas, mentions and bare addresses; at
# the beginning of a line also what begins a list or a rule.
_MARKS = re.compile(r"([\\`*_\[\]<>#|~$&@]|:(?=//)|(?<=www)\.|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)])", re.IGNORECASE)


def plain(text: object) -> str:
    """``text`` on one line, with what Markdown or HTML would act on escaped (CommonMark 2.4)."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def code(text: object) -> str:
    """``text`` on one line as a code span, whatever backticks it holds (CommonMark 6.1)."""
    line = " ".join(str(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}" if line else ""


def block(text: str, language: str = "") -> str:
    """``text`` as a fenced block, whatever fences it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of escaped cells."""
    lines = ["| " + " | ".join(plain(head) for head in heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows)])

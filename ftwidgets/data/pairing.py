"""Answers marked good or bad, one a row, brought together into pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ftwidgets.data.examples import Example, example_of
from ftwidgets.data.problems import BadRow, Problem
from ftwidgets.data.prompt_keys import prompt_key
from ftwidgets.data.reading import Reading
from ftwidgets.data.rows import Row


def pairs_rows(shape: str, kind: str) -> bool:
    """Whether examples of this kind are made of several rows of the shape."""
    return shape == "labelled" and kind == "pairs"


def left_over(readings: Iterable[Reading]) -> int:
    """How many of these answers no opposite one to the same prompt is left for."""
    more_good: Counter[int] = Counter()
    for reading in readings:
        more_good[prompt_key({"prompt": reading.prompt})] += 1 if reading.good is not None else -1
    return sum(map(abs, more_good.values()))


def paired(
    readings: Iterable[tuple[Row | Problem, Reading | None]], form: str, report: Callable[[Problem], None]
) -> Iterator[Example | None]:
    """Good and bad answers to one prompt, paired in the order in which they come; only those waiting are held.

    An example at the row that completes it, ``None`` at every other. What is left over at the end is reported.
    """
    waiting: dict[int, tuple[bool, list[tuple[Row, Reading]]]] = {}
    for item, reading in readings:
        if reading is None:
            yield None
            continue
        assert isinstance(item, Row)
        key = prompt_key({"prompt": reading.prompt})
        is_good = reading.good is not None
        side, others = waiting.get(key, (is_good, []))
        if side == is_good or not others:
            waiting[key] = (is_good, [*others, (item, reading)])
            yield None
            continue
        other_row, other = others.pop(0)
        row, good, bad = (item, reading.good, other.bad) if is_good else (other_row, other.good, reading.bad)
        try:
            yield example_of(Reading(reading.prompt, good, bad), "pairs", form, row.number)
        except BadRow as fault:
            report(fault.problem.at(row.number, row.line, row.file))
            yield None
    for side, rows in waiting.values():
        for item, _ in rows:
            said = "bad" if side else "good"
            report(
                Problem("unpaired answer", f"No {said} answer to the same prompt is left to pair it with.", "",
                        item.number, item.line, item.file, skipped=True)
            )  # fmt: skip

"""A search that takes short cuts finds what a plain one finds."""

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftwidgets.data.pairs import PairTable
from ftwidgets.data.pairs.regex_literal import caseless_part, required_literal
from ftwidgets.data.pairs.search import Search
from ftwidgets.data.pairs.stats import no_progress

from .made import chat, strings


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (r"story 77123\b.*\bhouse", "tory 77123"),  # an s may stand as ſ
        (r"colou?r", "colo"),
        (r"(red) green{1,2}", " gree"),
        (r"\d{4}-year", "-year"),
        (r"ab+c\.de", None),
        (r"red|green", None),
        (r"(?x) a b c d", None),
        (r"\x{61}bcd", None),
        (r"[abc]def", None),
        (r"\pLabc", None),
        (r"", None),
        ("abc\\", None),
    ],
)
def test_what_every_match_must_hold(pattern: str, literal: str | None) -> None:
    assert required_literal(pattern) == literal


def test_what_has_no_case() -> None:
    assert caseless_part("story 77123") == " 77123"
    assert caseless_part("42 cats") == "42 "
    assert caseless_part("cats") is None
    assert caseless_part("42.") is None  # all of it: nothing would be left to do


def found(rows: list[dict[str, Any]], *asked: Any) -> list[int]:
    search = Search(PairTable.of(rows))
    return search.rows(*asked, no_progress, lambda mask: None).nonzero()[0].tolist()


# Beside ASCII what Unicode takes for a k, an s, a digit and a blank.
SIGNS = st.sampled_from("abAB12 kK\u212asſ.\n\u0663\u00a0")
CELLS = st.lists(st.tuples(*[st.text(SIGNS, max_size=12)] * 3), min_size=1, max_size=12)
PIECES = st.sampled_from(
    ["abab", "a1b", "ba 12", "kab", "bas12", "a", "1", ".", r"\b", r"\d", "a*", "1+", "b{0,1}", "(ab1)?", "(a1|b2)",
     r"\d{2}", r"\w+", r"[\d.]", r"\D", r"\x{17f}", "[ab1]", "^", "$", r"\.", r"\s", "12 a", "a?", "(ab)"]
)  # fmt: skip
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map("".join).filter(lambda p: not re.search(r"[*+}?][*+?{]", p))


@settings(max_examples=400, deadline=None)
@given(CELLS, PATTERNS, st.sampled_from(["all", "prompt", "rejected"]), st.booleans())
@example([("xbaſ12x", "", ""), ("BAS12", "", "")], "bas12", "all", False)
@example([("\u212aab", "", "")] * 9, "kab", "all", True)
@example([("a1", "\u0663", "b"), ("a", "b", "\u0663\u0663"), ("2", "s", "ſ\u0663")], r"\d", "all", False)
@example([("s1", "", ""), ("\u0663s", "", "")], r"\x{17f}\d?", "all", False)
def test_regular_expressions_equal_matching_every_text(cells: Any, pattern: str, where: str, as_chat: bool) -> None:
    sides = {"all": (0, 1, 2), "prompt": (0,), "rejected": (2,)}[where]
    matches = pl.Series(["".join(c) for c in cells]).str.contains  # only to see that the pattern can be read
    matches(f"(?i){pattern}")
    wanted = [
        at
        for at, row in enumerate(cells)
        if pl.Series([row[side] for side in sides]).str.contains(f"(?i){pattern}").any()
    ]
    assert found((chat if as_chat else strings)(*cells), pattern, True, where) == wanted


@settings(max_examples=300, deadline=None)
@given(CELLS, st.text(st.sampled_from("abAB12 k."), min_size=1, max_size=6), st.booleans())
def test_plain_texts_equal_comparing_lower_case(cells: Any, text: str, as_chat: bool) -> None:
    wanted = [at for at, row in enumerate(cells) if any(text.lower().encode() in cell.encode().lower() for cell in row)]
    assert found((chat if as_chat else strings)(*cells), text, False, "all") == wanted


def test_rows_of_several_messages_are_found_by_any_of_them() -> None:
    turns = [{"role": "user", "content": "a 1234"}, {"role": "assistant", "content": "b 99"}]
    rows = [{"prompt": turns[:n], "chosen": turns[::-1], "rejected": turns[:1]} for n in (0, 1, 2, 2)]
    assert found(rows, "B 99", False, "prompt") == [2, 3]
    assert found(rows, r"\bb 9+$", True, "all") == [0, 1, 2, 3]
    assert found(rows, "a 1234", False, "prompt") == [1, 2, 3]

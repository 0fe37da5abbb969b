"""What is new in an answer is marked, and nothing else of it changes."""

import html
import re

import pytest

from ftwidgets.widgets.samples import marked_difference


def marked(before, after):
    found = marked_difference(before, after)
    assert html.unescape(re.sub(r"<[^>]+>", "", found)) == after  # lines and spaces stand as they were written
    return re.findall("<ins>(.*?)</ins>", found, re.DOTALL)


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("a b c", "a x c", ["x"]),
        ("one\ntwo", "one\n\n  two three", ["three"]),
        ("same", "same", []),
        ("", "all\nnew ", ["all\nnew"]),
        ("gone", "", []),
        ("def f():\n    pass", "def f():\n    return 1", ["return 1"]),
        ("今天天气很好", "今天天气不好", ["不"]),
        ("Rome.", "  Rome. <b>", ["&lt;b&gt;"]),
    ],
)
def test_new_words_are_marked(before, after, new):
    assert marked(before, after) == new

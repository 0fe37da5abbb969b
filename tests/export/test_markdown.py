"""Escaping, with a CommonMark renderer as the oracle: what it shows is the text, and nothing of it acts."""

import html

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ftwidgets.export.markdown import block, code, plain, table

render = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126))


@settings(max_examples=300, deadline=None)
@given(ASCII)
@example("<script>alert(1)</script>")
@example("[a](javascript:b) ![c](d) **e** _f_ `g` ~~h~~ &amp; <https://i.j>")
@example("1. one")
@example("12) two")
@example("- x")
@example("+ x")
@example("=")
@example("# x")
@example("a\\")
def test_plain_text_is_shown_as_it_is(text):
    shown = " ".join(text.split())
    wanted = f"<p>{html.escape(shown)}</p>\n" if shown else ""
    assert html.unescape(render(plain(text))) == html.unescape(wanted)
    assert render(plain(text)).count("<") == wanted.count("<")


@settings(max_examples=200, deadline=None)
@given(ASCII)
def test_code_is_shown_as_it_is(text):
    shown = " ".join(text.split())
    if shown:
        assert html.unescape(render("x " + code(text))) == f"<p>x <code>{shown}</code></p>\n"


@pytest.mark.parametrize("text", ["```\nout", "~~~", "````python\nx\n````", "a\n\n# b"])
def test_a_block_holds_any_fence(text):
    assert html.unescape(render(block(text, "yaml"))) == f'<pre><code class="language-yaml">{text}\n</code></pre>\n'


def test_cells_stay_cells():
    shown = render(table(["a", "b|c"], [["x|y", "<b>\n|"], ["", "\\|"]]))
    assert shown.count("<td>") == 4 and shown.count("<th>") == 2
    assert "<td>x|y</td>" in shown and "<td>&lt;b&gt; |</td>" in shown and "<td>\\|</td>" in shown

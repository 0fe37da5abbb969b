"""Texts that want to be more than text: nothing of a dataset runs, loads, links or breaks out of its box."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator

from ftwidgets.data.pairs import Decision, DecisionLog
from ftwidgets.widgets.pairs import PreferencePairs

from .pairs_bridge import Bridge
from .widget_page import HOST, OpenWidget

ATTACKS = [
    "<script>window.pwned = 1; alert(1)</script>",
    "<img src=x onerror='window.pwned = 1; alert(1)'>",
    "<svg onload=alert(1)><animate onbegin=alert(1)>",
    "</script><script>alert(1)</script>",
    "<iframe src='http://evil.test/frame'></iframe>",
    "<style>@import 'http://evil.test/style.css'; body { display: none }</style>",
    "<link rel=stylesheet href=http://evil.test/style.css>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href='javascript:alert(1)'>press</a>",
    "[press](javascript:alert(1)) and [so](http://evil.test/link)",
    '![picture](http://evil.test/picture.png) ![x](x "onerror=alert(1)")',
    "[a]: http://evil.test/ref\n\n[a] <http://evil.test/auto> http://evil.test/bare",
    "```html\n<img src=x onerror=alert(1)>\n```",
    "`<script>alert(1)</script>` **<img src=x onerror=alert(1)>** *<b onclick=alert(1)>x</b>*",
    "# <script>alert(1)</script>\n> <img src=x onerror=alert(1)>\n- <svg onload=alert(1)>",
    "| a | <img src=x onerror=alert(1)> |\n|---|---|\n| [x](javascript:alert(1)) | ![y](http://evil.test/y) |",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= alert(1) %>",
    '"><img src=x onerror=alert(1)><input value="',
    "' onmouseover='alert(1)' x='",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;alert(1)&#60;/script&#62;",
    "$x$ \\(\\href{javascript:alert(1)}{x}\\) <mjx-container>",
]
FORBIDDEN = "script, img, iframe, object, embed, video, audio, link, style, a, form, svg:not(.ftw-spark), math, base"
OUR_ATTRIBUTES = "[onerror], [onload], [onclick], [onmouseover], [href], [src], [srcdoc], [action]"


@pytest.fixture
def opened(widget_page: OpenWidget) -> Iterator[Callable[..., Bridge]]:
    bridges: list[Bridge] = []

    def open_(viewer: PreferencePairs, **page: Any) -> Bridge:
        dialogs: list[str] = []
        requests: list[str] = []
        bridges.append(Bridge(widget_page, viewer, **page))
        bridges[-1].page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        bridges[-1].page.on("request", lambda request: requests.append(request.url))
        bridges[-1].dialogs, bridges[-1].requests = dialogs, requests  # type: ignore[attr-defined]
        bridges[-1].settle()
        return bridges[-1]

    yield open_
    for bridge in bridges:
        assert bridge.dialogs == []  # type: ignore[attr-defined]
        assert [url for url in bridge.requests if not url.startswith(HOST)] == []  # type: ignore[attr-defined]
        assert bridge.page.evaluate("() => window.pwned") is None
        assert bridge.page.url == f"{HOST}/"
        bridge.viewer.close()


def foreign(root: Locator) -> list[str]:
    """Elements that only markup in a text could have made."""
    found = root.locator(f"{FORBIDDEN}, {OUR_ATTRIBUTES}")
    return found.evaluate_all("all => all.map(element => element.outerHTML.slice(0, 200))")


def test_markup_in_every_place_stays_text(opened: Callable[..., Bridge]) -> None:
    rows = []
    for attack in ATTACKS:
        turns = [{"role": attack, "content": attack}, {"role": "user", "content": f"{attack} again"}]
        side = [{"role": "assistant", "content": attack}]
        other = [{"role": "assistant", "content": f"a {attack} b"}]
        rows.append({"prompt": turns, "chosen": side, "rejected": other, attack[:40]: attack, "meta": attack})
    names = {name: None for row in rows for name in row}
    log = DecisionLog(None, ATTACKS[1])
    viewer = PreferencePairs(
        [names | row for row in rows], reviewer=ATTACKS[1], title=ATTACKS[0], rows=range(len(rows))
    )
    viewer.notices.append(ATTACKS[1])
    viewer._session.others = {
        at: {"x": Decision("k", at, "drop", note=ATTACKS[1], reviewer=ATTACKS[0])} for at in range(len(rows))
    }
    viewer.set_scores({ATTACKS[1]: {0: 1.0}})
    viewer.on_tokens(lambda row_id, row: {"chosen": [(attack, 1.0) for attack in ATTACKS]})
    bridge = opened(viewer, height=1200)
    assert log.mine == {}
    bridge.root.get_by_role("button", name="Filter").click()
    bridge.root.get_by_role("listbox").focus()
    for at, attack in enumerate(ATTACKS):
        assert bridge.shown == f"#{at}"
        text = bridge.root.locator(".ftw-side-chosen .ftw-text").inner_text()
        assert text.replace("\n", "") == attack.replace("\n", "")
        assert foreign(bridge.root) == []
        for key in ("m", "w", "m", "w"):
            bridge.page.keyboard.press(key)
            assert foreign(bridge.root) == []
        bridge.page.keyboard.press("j")
        bridge.until(lambda at=at: bridge.shown != f"#{at}" or at == len(ATTACKS) - 1)
    bridge.press("n")
    bridge.page.keyboard.type(ATTACKS[1])
    bridge.press("Control+Enter")
    assert f"Note {ATTACKS[1]}" in bridge.root.locator(".ftw-remark").all_inner_texts()
    bridge.root.get_by_role("button", name="Model eyes").click()
    bridge.until(lambda: bridge.root.locator(".ftw-token").count() == len(ATTACKS))
    assert foreign(bridge.root) == []


def test_markdown_is_read_but_addresses_are_only_named(opened: Callable[..., Bridge]) -> None:
    text = "# Title\n\nSome **bold** and `code`, [here](http://evil.test/a).\n\n1. one\n2. two\n\n"
    text += "```py\nx < 1\n```\n\n![p](u)"
    bridge = opened(PreferencePairs([{"prompt": "p", "chosen": text, "rejected": "r"}]))
    bridge.root.get_by_role("listbox").focus()
    bridge.press("m")
    body = bridge.root.locator(".ftw-side-chosen .ftw-markdown")
    assert body.get_by_role("heading", name="Title").count() == 1
    assert body.locator("strong").inner_text() == "bold"
    assert body.locator("ol > li").all_inner_texts() == ["one", "two"]
    assert body.locator("pre code").inner_text() == "x < 1"
    assert body.locator(".ftw-address").all_inner_texts() == ["here (http://evil.test/a)", "[picture: p] (u)"]


def test_hidden_characters_are_seen(opened: Callable[..., Bridge]) -> None:
    text = "a\x00b\u202ec\u200bd\ufffde\U000e0041f"
    bridge = opened(PreferencePairs([{"prompt": "p", "chosen": text, "rejected": "👩‍👩‍👧 और \u0646\u200c\u0645 ok"}]))
    chosen, rejected = bridge.root.locator(".ftw-side .ftw-text").all()
    assert chosen.inner_text() == "aU+0000bU+202EcU+200BdU+FFFDeU+E0041f"
    assert "right-to-left override" in (chosen.locator(".ftw-control").nth(1).get_attribute("title") or "")
    assert rejected.locator(".ftw-control").count() == 0  # joiners belong to scripts and emoji
    bridge.root.get_by_role("listbox").focus()
    bridge.press("w")
    assert "U+200D" in rejected.inner_text()
    assert "·ok" in rejected.inner_text()


def test_right_to_left_text_keeps_to_its_own_box(opened: Callable[..., Bridge]) -> None:
    rows = [
        {"prompt": "\u05e9\u05dc\u05d5\u05dd (1)", "chosen": "\u0645\u0631\u062d\u0628\u0627 abc", "rejected": "plain"}
    ]
    bridge = opened(PreferencePairs(rows))
    directions = bridge.root.locator(".ftw-text").evaluate_all(
        "all => all.map(e => [getComputedStyle(e).direction, getComputedStyle(e).unicodeBidi])"
    )
    assert directions == [["rtl", "isolate"], ["rtl", "isolate"], ["ltr", "isolate"]]
    assert bridge.root.locator(".ftw-judge").evaluate("e => getComputedStyle(e).direction") == "ltr"


def test_cells_of_a_megabyte_are_cut_and_shown_on_request(opened: Callable[..., Bridge]) -> None:
    long = {"lines": "word " * 209_716, "one": "x" * 1_048_576, "controls": "\x01\u202e" * 524_288}
    rows = [{"prompt": name, "chosen": text, "rejected": text[:-1] + "!"} for name, text in long.items()]
    bridge = opened(PreferencePairs(rows))
    bridge.root.get_by_role("listbox").focus()
    for name, text in long.items():
        assert bridge.root.locator(".ftw-conversation .ftw-text").inner_text() == name
        body = bridge.root.locator(".ftw-side-chosen .ftw-text")
        assert f"{len(text) - 20_000:,} more characters" in body.inner_text()
        assert bridge.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        bridge.press("m", "w", "w", "m")
        body.get_by_role("button", name="Show all").click()
        bridge.until(lambda b=body: b.get_by_role("button").count() == 0)
        assert bridge.root.locator("*").count() < 20_000
        bridge.press("j")
    sent = [len(str(message.content)) for message in bridge.widget.sent]
    assert max(sent) < 2000  # texts go to the page, never back


def test_odd_names_of_columns_and_huge_numbers_break_nothing(opened: Callable[..., Bridge]) -> None:
    rows = [{"prompt": "p", "chosen": "a", "rejected": "b", "__proto__x": 1e308, "constructor": -0.0, "": 2**60}]
    bridge = opened(PreferencePairs(rows))
    assert "constructor" in bridge.root.locator(".ftw-facts-of").inner_text()
    bridge.root.get_by_label("Sort by").select_option("constructor")
    bridge.until(lambda: any(m.get("sort") == "constructor" for m in bridge.asked))
    assert bridge.shown == "#0"


def test_a_thousand_broken_cells(opened: Callable[..., Bridge]) -> None:
    draw = random.Random(7)
    pieces = [
        *ATTACKS,
        *"*_`[]()!#>|~-+\\<>&\"'",
        "\n",
        "\n\n",
        "```",
        "~~~",
        "**",
        "__",
        "![",
        "](",
        "1. ",
        "\t",
        "  ",
    ]
    pieces += ["\x00", "\u202e", "\u0301" * 40, "𝔘𝔫𝔦", "中文字符", "\ufffd", "https://x.test", "\u2028", "\r", "||-|-|"]
    rows = [
        {side: "".join(draw.choices(pieces, k=draw.randint(1, 30))) for side in ("prompt", "chosen", "rejected")}
        for _ in range(1000)
    ]
    bridge = opened(PreferencePairs(rows))
    bridge.root.get_by_role("listbox").focus()
    for at in draw.sample(range(1000), 30):
        bridge.viewer.show([at], "one")
        bridge.until(lambda at=at: bridge.shown == f"#{at}")
        bridge.page.keyboard.press("m")
        assert foreign(bridge.root) == []

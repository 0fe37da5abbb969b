"""The preflight panel in a page: limits, rows, tokens, and hostile text."""

import numpy as np

from ftwidgets.data.preflight import Lengths

FACTS = {
    "title": "SFT", "method": "sft", "learns": "the last answer", "rows": 1000, "measured": 4, "exact": False,
    "refused": 0, "prompt_changed": 0, "packing": False, "response_length": 0, "memory": [[16, 1e9], [1040, 3.048e9]],
}  # fmt: skip
POSITIONS, PROMPT, TOTAL = [5, 50, 500, 900], [3, 10, 9, 40], [8, 12, 300, 60]
ROW = {
    "type": "row", "position": 5, "row_id": 105, "error": "", "prompt_changed": False,
    "parts": [{"name": "row", "length": 6, "prompt": 2, "texts": ["<s>", "a", " b\n", "🙂", "", "</s>"],
               "ids": [1, 2, 3, 4, 5, 6], "flags": [2, 0, 1, 1, 5, 3]}],
}  # fmt: skip


def opened(widget_page, facts=FACTS, columns=(POSITIONS, PROMPT, TOTAL), limit=100, **keywords):
    widget = widget_page(
        "preflight",
        {"max_length": limit, "verdict": "", "facts": facts, "state": {"kind": "done"}},
        **keywords,
    )
    widget.wait_for_sent("ready")
    widget.send({"type": "lengths"}, [np.array(column, "<i4").tobytes() for column in columns])
    return widget


def counts(widget):
    return [int(text.replace(",", "")) for text in widget.view.locator(".ftw-effect strong").all_inner_texts()]


def test_the_page_counts_as_python_does(widget_page):
    random = np.random.default_rng(0)
    prompt, chosen, rejected = random.integers(1, 60, 200), random.integers(0, 60, 200), random.integers(0, 60, 200)
    total = prompt + np.maximum(chosen, rejected)
    for method, limit, packing in (("sft", 50, False), ("sft", 50, True), ("pretrain", 40, False), ("ppo", 70, False),
                                   ("dpo", 50, False), ("reward", 80, False)):  # fmt: skip
        pair = method in ("dpo", "reward")
        own = Lengths(method, prompt, total, 2 * prompt + chosen + rejected if pair else total,
                      chosen if pair else None, rejected if pair else None)  # fmt: skip
        effect = own.effect(limit, 16, packing)
        facts = FACTS | {"method": method, "exact": True, "packing": packing, "response_length": 16}
        columns = [np.arange(200), prompt, total, *([chosen, rejected] if pair else [])]
        widget = opened(widget_page, facts, columns, limit)
        assert counts(widget) == [effect.kept - effect.cut, effect.cut, effect.dropped], (method, packing)
        assert f"{effect.tokens:,} tokens" in widget.view.locator(".ftw-effect").inner_text(), (method, packing)


def test_dragging_and_keys_move_the_limit(widget_page):
    widget = opened(widget_page)
    assert counts(widget) == [3, 1, 0]
    assert "about 1.2 GB" in widget.view.inner_text()  # 1e9 + (100 - 16) * 2e6
    handle = widget.view.get_by_role("slider")
    box = widget.view.locator(".ftw-histogram").bounding_box()
    widget.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    widget.page.mouse.down()
    widget.page.mouse.move(box["x"] + 5, box["y"] + 60, steps=5)
    widget.page.mouse.up()
    limit = widget.get("max_length")
    assert widget.saved[-1] == {"max_length": limit}
    assert limit < 10 and counts(widget)[2] >= 3  # dropped without a word from Python
    handle.press("PageUp")
    assert widget.get("max_length") == limit + 128
    handle.press("ArrowLeft")
    assert handle.get_attribute("aria-valuenow") == str(limit + 120)
    field = widget.view.get_by_label("max_length tokens")
    field.fill("64")
    field.press("Tab")
    assert widget.get("max_length") == 64
    widget.view.get_by_role("button", name="Keep all whole").click()
    assert widget.get("max_length") == 300 and counts(widget) == [4, 0, 0]
    widget.view.get_by_role("button", name="Keep 95% whole").click()
    assert widget.get("max_length") == 300


def test_tokens_are_marked_and_follow_the_limit(widget_page):
    widget = opened(widget_page)
    widget.send(ROW)
    tokens = widget.view.locator(".ftw-tokens .ftw-token")
    assert tokens.all_inner_texts() == ["<s>", "a", " b⏎\n", "🙂", "</s>"]
    marks = [set(token.get_attribute("class").split()) - {"ftw-token"} for token in tokens.all()]
    assert marks == [{"ftw-special"}, set(), {"ftw-learnt"}, {"ftw-learnt"}, {"ftw-learnt", "ftw-special"}]
    underline = "e => getComputedStyle(e).textDecorationLine"
    assert [token.evaluate(underline) for token in tokens.all()][1:3] == ["none", "underline"]
    assert tokens.nth(3).get_attribute("title") == "token 4 to 5 · id 4 5 · learnt"
    assert "6 tokens, 4 learnt" in widget.view.locator(".ftw-part-head").inner_text()
    widget.set(max_length=3)
    assert tokens.nth(3).evaluate(underline) == "line-through"
    assert tokens.nth(3).get_attribute("title").endswith("cut off")
    assert "1 learnt, 3 cut off" in widget.view.locator(".ftw-part-head").inner_text()
    assert widget.view.locator(".ftw-scissors").inner_text() == "✂ max_length 3"


def test_moving_between_rows(widget_page):
    widget = opened(widget_page, limit=100)
    widget.send(ROW)
    asked = len([message for message in widget.sent if message.content["type"] == "row"])
    widget.view.get_by_role("button", name="▶").click()
    assert widget.wait_for_sent("row", asked + 1).content["position"] == 6
    widget.view.get_by_role("button", name="Next cut").click()
    assert widget.wait_for_sent("row", asked + 2).content["position"] == 500
    widget.view.get_by_label("Row", exact=True).fill("900")
    widget.view.get_by_label("Row", exact=True).press("Enter")
    assert widget.wait_for_sent("row", asked + 3).content["position"] == 899
    assert widget.view.get_by_role("button", name="Next dropped").is_disabled()
    assert "source row 105" in widget.view.inner_text()


def test_measuring_can_be_cancelled_or_made_exact(widget_page):
    widget = opened(widget_page)
    widget.view.get_by_role("button", name="Measure all").click()
    widget.wait_for_sent("exact")
    widget.set(state={"kind": "measuring", "done": 120, "total": 1000})
    assert "120 of 1,000" in widget.view.inner_text()
    widget.view.get_by_role("button", name="Cancel").click()
    widget.wait_for_sent("cancel")
    widget.set(state={"kind": "failed", "text": "<b>no</b>"})
    assert "<b>no</b>" in widget.view.inner_text()


def test_the_hard_stop_is_shown(widget_page):
    widget = opened(widget_page)
    assert widget.view.get_by_role("alert").is_hidden()
    widget.set(verdict="Nothing would be trained: <img src=x onerror=alert(1)>")
    assert widget.view.get_by_role("alert").inner_text().startswith("⛔ Nothing would be trained: <img")


def test_nothing_in_a_row_runs_or_breaks_out(widget_page):
    widget = opened(widget_page, width=700)
    hostile = [
        "<script>window.hacked=1</script>",
        "<img src=x onerror='window.hacked=1'>",
        "\u202eabc\u0000\u2028",
        "x" * 200_000,
    ]
    part = {
        "name": "<b>row</b>",
        "length": 4,
        "prompt": 0,
        "texts": hostile,
        "ids": [1, 2, 3, 4],
        "flags": [1, 0, 2, 1],
    }
    widget.send({**ROW, "parts": [part]})
    assert widget.view.locator(".ftw-tokens .ftw-token").nth(2).inner_text() == "⟨U+202E⟩abc␀⟨U+2028⟩"
    assert widget.page.evaluate("() => window.hacked") is None
    assert widget.view.locator("script, img").count() == 0
    assert widget.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_second_view_shows_the_same_and_goes_without_a_trace(widget_page):
    widget = opened(widget_page)
    widget.send(ROW)
    listeners = widget.listeners
    second = widget.add_view()
    assert second.locator(".ftw-tokens .ftw-token").count() == 5
    assert second.locator(".ftw-effect").inner_text() == widget.view.locator(".ftw-effect").inner_text()
    widget.close_view(1)
    assert widget.listeners == listeners

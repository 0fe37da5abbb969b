"""The blind comparison in a page: buttons and keys, no names before the end, hostile text."""

HOSTILE = "<img src=x onerror='window.hurt = 1'>\nsecond line"
JUDGING = {
    "phase": "judging", "judged": 3, "count": 8, "same": 2, "undo": True, "file": "x.jsonl",
    "match": {
        "number": 5, "prompt": [{"role": "user", "content": f"What? {HOSTILE}"}], "left": HOSTILE, "right": "Fine.",
    },
}  # fmt: skip
ROW = {"wins": 1, "losses": 4, "ties": 1, "both bad": 1, "same answer": 1, "share": 0.2, "low": 0.04, "high": 0.62,
       "p": 0.375}  # fmt: skip
RESULT = {
    "words": ["run <b>x</b> was preferred in 4 of 5 decided comparisons"],
    "tally": [{"first": "base", "second": "run <b>x</b>", **ROW}],
    "ranking": [{"name": "run <b>x</b>", "chance": 0.7, "low": 0.4, "high": 0.9},
                {"name": "base", "chance": 0.5, "low": 0.5, "high": 0.5}],
    "reference": "base",
    "choices": [{"prompt": HOSTILE, "left": "base", "right": "run <b>x</b>", "preferred": "both bad"}],
}  # fmt: skip


def asked(widget):
    return [message.content for message in widget.sent]


def test_buttons_and_keys_judge_the_match_in_sight(widget_page):
    widget = widget_page("blind", {"view": JUDGING})
    view = widget.view
    view.get_by_role("button", name="A is better").click()
    for key in ("b", "ArrowRight", "A", "ArrowLeft", "t", "x"):
        widget.page.keyboard.press(key)  # the click has given the view the keys
    verdicts = ["left", "right", "right", "left", "left", "tie", "bad"]
    assert asked(widget) == [{"type": "judge", "match": 5, "verdict": verdict} for verdict in verdicts]
    widget.page.keyboard.press("u")
    widget.page.keyboard.press("Control+z")
    widget.page.keyboard.press("Control+a")  # the browser's own
    view.get_by_role("button", name="Show names").click()
    assert [a["type"] for a in asked(widget)[len(verdicts) :]] == ["undo", "undo", "reveal"]


def test_a_new_match_keeps_the_keys(widget_page):
    widget = widget_page("blind", {"view": JUDGING})
    widget.view.get_by_role("button", name="Tie").click()
    widget.set(view=JUDGING | {"judged": 4, "match": JUDGING["match"] | {"number": 6}})
    widget.page.keyboard.press("b")
    assert asked(widget)[-1] == {"type": "judge", "match": 6, "verdict": "right"}
    assert "4 of 8 judged" in widget.view.inner_text()


def test_text_is_text(widget_page):
    widget = widget_page("blind", {"view": JUDGING})
    assert HOSTILE.splitlines()[0] in widget.view.inner_text() and "second line" in widget.view.inner_text()
    widget.set(view={"phase": "revealed", "judged": 7, "count": 7, "result": RESULT})
    widget.view.get_by_text("What you chose").click()
    text = widget.view.inner_text()
    assert "run <b>x</b>" in text and HOSTILE.splitlines()[0] in text and "80% (38% to 96%)" in text
    row = widget.view.locator("table").first.locator("td")  # the one that was preferred stands first
    assert row.all_inner_texts()[:2] == ["run <b>x</b> 4", "base 1"]
    assert widget.view.locator("img, bdi b").count() == 0
    assert widget.page.evaluate("window.hurt") is None


def test_while_they_answer_one_can_stop_and_go_on(widget_page):
    widget = widget_page("blind", {"view": {"phase": "answering", "text": "answering", "done": 6, "total": 40}})
    assert "answering: 6 of 40" in widget.view.inner_text()
    widget.view.get_by_role("button", name="Stop").click()
    widget.set(view={"phase": "stopped", "text": "Stopped."})
    widget.view.get_by_role("button", name="Go on").click()
    assert [a["type"] for a in asked(widget)] == ["cancel", "again"]
    widget.page.keyboard.press("a")  # nothing to judge
    assert len(asked(widget)) == 2


def test_in_dark_and_narrow_nothing_is_cut(widget_page):
    for theme, width in (("dark", 480), ("light", 1200)):
        widget = widget_page("blind", {"view": JUDGING}, theme=theme, width=width)
        page = widget.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (theme, width)
        sides = [box.bounding_box() for box in widget.view.locator(".ftw-entry").all()]
        assert (sides[0]["y"] == sides[1]["y"]) == (width > 520)

"""The pair viewer in a real browser, with the real Python behind it."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ftwidgets.widgets.pairs import PreferencePairs

from .pairs_bridge import Bridge

ROWS = [
    {"prompt": f"Question {at}", "chosen": f"The answer is {at} apples.", "rejected": f"The answer is {at} pears, sir."}
    for at in range(40)
]
Opener = Callable[..., Bridge]


def test_a_list_and_both_sides_of_the_first_pair(opened: Opener) -> None:
    bridge = opened(ROWS)
    assert bridge.shown == "#0"
    assert bridge.rows[:3] == ["#0", "#1", "#2"]
    assert len(bridge.rows) < 30  # only those in sight, and a few
    sides = bridge.root.locator(".ftw-side")
    assert "The answer is 0 apples." in sides.nth(0).inner_text()
    assert "27 characters" in sides.nth(1).inner_text()
    assert sides.nth(0).locator("mark").all_inner_texts() == ["apples"]
    assert sides.nth(1).locator("mark").all_inner_texts() == ["pears, sir"]
    assert "40 pairs · judged 0 / 40" in bridge.root.locator(".ftw-counts").inner_text()


def test_judging_by_keyboard_is_saved_and_resumed(opened: Opener, tmp_path: Path) -> None:
    path = tmp_path / "ana.jsonl"
    bridge = opened(ROWS, decisions=path, reviewer="ana")
    bridge.root.get_by_role("listbox").focus()
    bridge.press("k", "d", "s", "t")  # each goes on to the next
    assert bridge.shown == "#4"
    bridge.press("j", "ArrowDown", "Shift+J", "k", "z", "z", "Shift+Z")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["row_id"], line["verdict"]) for line in lines[:5]] == [
        (0, "keep"),
        (1, "drop"),
        (2, "swap"),
        (3, "tie"),
        (5, "keep"),
    ]
    assert [(line["row_id"], line["step"]) for line in lines[5:]] == [(5, "undo"), (3, "undo"), (3, "redo")]
    states = bridge.root.locator(".ftw-row .ftw-state").evaluate_all("marks => marks.map(m => m.ariaLabel)")
    assert states == ["kept", "dropped", "sides swapped", "tie"]

    again = opened(ROWS, decisions=path, reviewer="ana")
    again.until(lambda: again.shown == "#4")  # the first that is not judged
    assert "judged 4 / 40" in again.root.locator(".ftw-counts").inner_text()
    assert again.viewer.dataset["row_id"][:3] == [0, 2, 4]
    assert again.viewer.dataset[1]["chosen"] == ROWS[2]["rejected"]


def test_a_verdict_is_taken_back_by_its_own_key(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.root.get_by_role("listbox").focus()
    bridge.press("k", "ArrowUp", "k")
    assert bridge.shown == "#0"
    assert bridge.viewer.decisions.mine == {}
    assert bridge.root.get_by_role("status").first.inner_text() == "#0: keep taken back"


def test_editing_and_noting(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.root.get_by_role("listbox").focus()
    bridge.press("e")
    field = bridge.root.get_by_label("chosen").and_(bridge.page.locator("textarea"))
    assert field.input_value() == "The answer is 0 apples."
    field.fill("kd: none of these are commands")
    bridge.press("Control+Enter")
    assert bridge.root.locator("textarea").count() == 0
    assert dict(next(iter(bridge.viewer.decisions.mine.values())).edit) == {"chosen": "kd: none of these are commands"}
    assert "none of these" in bridge.root.locator(".ftw-side").first.inner_text()
    bridge.root.get_by_role("button", name="✎ edited, show original").click()
    assert "0 apples" in bridge.root.locator(".ftw-side").first.inner_text()
    bridge.root.get_by_role("listbox").focus()
    bridge.press("n")
    bridge.page.keyboard.type("why pears?")
    bridge.press("Control+Enter")
    assert next(iter(bridge.viewer.decisions.mine.values())).note == "why pears?"
    assert "Note why pears?" in bridge.root.locator(".ftw-remark").all_inner_texts()
    bridge.press("e", "Escape")
    assert bridge.root.locator("textarea").count() == 0


def test_search_filter_and_sort(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.root.get_by_label("Search the texts").fill("is 1")
    bridge.until(lambda: bridge.rows == ["#1", *(f"#{at}" for at in range(10, 20))])
    assert "11 of 40" in bridge.root.locator(".ftw-counts").inner_text()
    bridge.root.get_by_label("Search the texts").fill("is 1[0-4] (app")
    bridge.root.get_by_role("button", name=".*").click()
    bridge.until(lambda: "cannot be read" in bridge.root.locator(".ftw-said").inner_text())
    bridge.root.get_by_label("Search the texts").fill("is 1[0-4] app")
    bridge.until(lambda: "5 of 40" in bridge.root.locator(".ftw-counts").inner_text())
    bridge.root.get_by_label("Sort by").select_option("row_id")
    bridge.root.get_by_title("Smallest first").click()
    bridge.until(lambda: bridge.rows == ["#14", "#13", "#12", "#11", "#10"])
    bridge.root.get_by_role("button", name="Filter").click()
    bridge.root.get_by_label("at least").fill("13")
    bridge.root.get_by_role("button", name="Add").click()
    bridge.until(lambda: bridge.rows == ["#14", "#13"])
    bridge.root.get_by_title("Take away the filter").click()
    bridge.until(lambda: len(bridge.rows) == 5)
    bridge.root.get_by_label("Search the texts").fill("nothing at all")
    bridge.until(lambda: "No pair passes" in bridge.root.locator(".ftw-list").inner_text())


def test_lint_to_rows_to_all_dropped_to_undone(opened: Opener) -> None:
    bridge = opened([*ROWS, ROWS[3], ROWS[3], {"prompt": "q", "chosen": "same", "rejected": "same"}])
    duplicates = bridge.root.get_by_role("button", name="Duplicate pairs 2")
    duplicates.click()
    bridge.until(lambda: bridge.rows == ["#40", "#41"])
    assert duplicates.get_attribute("aria-pressed") == "true"
    assert "The first copy is kept" in bridge.root.locator(".ftw-about").inner_text()
    bridge.root.get_by_role("button", name="Drop all 2…").click()
    bridge.root.get_by_role("button", name="Drop 2 pairs").click()
    bridge.until(lambda: len(bridge.viewer.decisions.mine) == 2)
    assert len(bridge.viewer.dataset) == 41
    bridge.root.get_by_role("listbox").focus()
    bridge.press("z")
    assert len(bridge.viewer.dataset) == 43
    bridge.root.get_by_role("button", name="Duplicate pairs 2").click()
    bridge.until(lambda: "43 pairs" in bridge.root.locator(".ftw-counts").inner_text())
    bridge.root.get_by_role("button", name="Identical sides 1").click()
    bridge.until(lambda: bridge.shown == "#42")


def test_a_long_list_scrolls_to_its_end_and_stays_exact(opened: Opener) -> None:
    rows = [{"prompt": f"p{at}", "chosen": "a", "rejected": "b"} for at in range(300_000)]
    bridge = opened(PreferencePairs(rows))
    listbox = bridge.root.get_by_role("listbox")
    listbox.focus()
    bridge.press("End")
    bridge.until(lambda: bridge.shown == "#299999")
    bridge.until(lambda: bridge.rows and bridge.rows[-1] == "#299999")
    bridge.press("ArrowUp")
    assert bridge.shown == "#299998"
    listbox.hover()
    for _ in range(3):  # a wheel's step is rows, not a stretch of the squeezed bar
        bridge.page.mouse.wheel(0, -440)
        bridge.settle()
    first = bridge.root.locator(".ftw-row").evaluate_all(
        "rows => rows.map(r => [r.getBoundingClientRect().top, r.dataset.index]).filter(([top]) => top > 0)"
    )
    in_sight = sorted((top, int(index)) for top, index in first)
    assert 299_930 < in_sight[0][1] < 299_980
    steps = [below[0] - above[0] for above, below in pairwise(in_sight)]
    assert steps == pytest.approx([44] * len(steps))
    assert len([m for m in bridge.asked if m["type"] == "rows"]) < 20


def test_answers_are_in_sight_under_a_system_turn_and_a_long_question(opened: Opener) -> None:
    system = "You are an assistant that helps people find information. " * 8
    turns = [{"role": "system", "content": system}, {"role": "user", "content": "Which is it?\n" * 9}]
    answers = {side: [{"role": "assistant", "content": f"It is {side}."}] for side in ("chosen", "rejected")}
    bridge = opened([{"prompt": turns, **answers}], page={"width": 600}, height=560)
    first = bridge.root.locator(".ftw-earlier summary")
    assert first.inner_text().startswith("system You are an assistant")
    assert first.evaluate("e => e.scrollWidth > e.clientWidth")  # it is one line
    scroller, side = (
        bridge.root.locator(name).first.bounding_box() for name in (".ftw-scroller", ".ftw-side .ftw-text")
    )
    assert scroller and side and side["y"] + side["height"] < scroller["y"] + scroller["height"]
    first.click()
    assert system.strip() in bridge.root.locator(".ftw-earlier .ftw-text").inner_text()


def test_long_pairs_are_read_and_searched_without_the_mouse(opened: Opener) -> None:
    long = "One line of many.\n" * 60
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": long}]
    answers = {side: [{"role": "assistant", "content": long + side}] for side in ("chosen", "rejected")}
    bridge = opened([{"prompt": turns, **answers}, *[{"prompt": turns, **answers}] * 3])
    scroller = bridge.root.locator(".ftw-scroller")
    where = lambda: scroller.evaluate("e => e.scrollTop")  # noqa: E731
    bridge.root.get_by_role("listbox").focus()
    bridge.press("Space")
    down = where()
    bridge.press("Space")
    assert where() > down > 0
    bridge.press("Shift+Space", "Shift+Space")
    assert where() == 0
    assert bridge.root.locator(".ftw-folded").count() == 1
    bridge.press("p")
    assert bridge.root.locator(".ftw-folded").count() == 0 and bridge.root.locator(".ftw-earlier[open]").count() == 1
    bridge.press("p")
    assert bridge.root.locator(".ftw-folded").count() == 1 and bridge.root.locator(".ftw-earlier[open]").count() == 0
    bridge.press("?")
    assert bridge.root.get_by_role("dialog", name="Keys").is_visible()
    bridge.press("Escape")
    assert not bridge.root.get_by_role("dialog", name="Keys").is_visible()
    bridge.press("/")
    bridge.page.keyboard.type("rejected")  # in the field: none of it is a command
    bridge.press("Enter", "k")
    bridge.until(lambda: bridge.viewer._session.query.text == "rejected")
    assert [d.verdict for d in bridge.viewer.decisions.mine.values()] == ["keep"]


def test_wide_stands_side_by_side_and_narrow_one_under_the_other(opened: Opener) -> None:
    def corners(width: int) -> tuple[dict[str, float], dict[str, float]]:
        bridge = opened(ROWS, page={"width": width})
        boxes = [side.bounding_box() for side in bridge.root.locator(".ftw-side").all()]
        assert bridge.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        return boxes[0], boxes[1]  # type: ignore[return-value]

    chosen, rejected = corners(1400)
    assert chosen["y"] == rejected["y"] and chosen["x"] < rejected["x"]
    chosen, rejected = corners(520)
    assert chosen["x"] == rejected["x"] and chosen["y"] < rejected["y"]


def test_a_second_view_shows_the_same_and_goes_without_a_trace(opened: Opener) -> None:
    bridge = opened(ROWS)
    before = bridge.widget.listeners
    second = bridge.widget.add_view()
    bridge.settle()
    second.get_by_role("listbox").focus()
    bridge.press("k")
    for view in (bridge.widget.view, second):
        assert view.locator(".ftw-row .ftw-state-keep").count() == 1
        assert view.locator(".ftw-detail-head > b").inner_text() == "#1"
    bridge.widget.close_view(1)
    assert bridge.widget.listeners == before


def test_what_is_said_to_those_who_listen(opened: Opener) -> None:
    bridge = opened(ROWS)
    listbox = bridge.root.get_by_role("listbox", name="Pairs")
    listbox.focus()
    bridge.press("ArrowDown")
    active = listbox.get_attribute("aria-activedescendant")
    option = bridge.page.locator(f"#{active}")
    assert option.get_attribute("aria-selected") == "true"
    assert (option.get_attribute("aria-posinset"), option.get_attribute("aria-setsize")) == ("2", "40")
    bridge.press("d")
    assert bridge.root.get_by_role("status").first.inner_text() == "#1: drop"
    nameless = bridge.root.locator("button, input, select, textarea").evaluate_all(
        "all => all.filter(e => !(e.ariaLabel || e.title || e.labels?.length || e.innerText)).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_a_run_beside_the_pair(opened: Opener) -> None:
    events = [
        {"step": step, "split": "train", "id": [2, 5], "margin": [step / 10 - 1, 0.5], "loss": [0.7, 0.4]}
        for step in (5, 10, 15)
    ]
    run = type(
        "Run",
        (),
        {
            "events": type("Events", (), {"of": lambda self, kind: events if kind == "examples" else []})(),
            "config": None,
            "tokenizer": None,
            "ended": True,
            "subscribe": lambda self, callback: lambda: None,
        },
    )()
    viewer = PreferencePairs(ROWS, run=run, rows=[5, 2], title="steps 10 to 15")
    viewer.show([5, 2], "steps 10 to 15", steps=(10, 15))
    bridge = opened(viewer)
    bridge.until(lambda: bridge.shown == "#5")
    assert bridge.rows == ["#5", "#2"]
    bridge.root.get_by_role("listbox").focus()
    bridge.press("j")
    label = bridge.root.locator(".ftw-spark").get_attribute("aria-label")
    assert label == "margin over the run, 3 times seen: −0.500 at step 5, +0.500 at step 15"
    steps = bridge.root.locator(".ftw-over-run tbody th").all_inner_texts()
    assert steps == ["5", "▸ 10", "▸ 15"]
    bridge.root.get_by_role("button", name="steps 10 to 15").click()
    bridge.until(lambda: "40 pairs" in bridge.root.locator(".ftw-counts").inner_text())


def test_model_eyes_colour_tokens_and_name_the_number(opened: Opener) -> None:
    viewer = PreferencePairs(ROWS)
    viewer.on_tokens(
        lambda row_id, row: {"chosen": [("The", 0.0), (" answer", 1.5), ("<b>", -0.75)], "rejected": [("x", None)]}
    )
    bridge = opened(viewer)
    bridge.root.get_by_role("button", name="Model eyes").click()
    bridge.until(lambda: bridge.root.locator(".ftw-token").count() == 4)
    tokens = bridge.root.locator(".ftw-side-chosen .ftw-token")
    kinds = tokens.evaluate_all("all => all.map(t => [t.textContent, t.className.split('-').at(-1), t.title])")
    assert kinds == [
        ["The", "even", "log-ratio 0"],
        [" answer", "more", "log-ratio +1.50"],
        ["<b>", "less", "log-ratio −0.750"],
    ]


def test_exporting_and_handing_over(opened: Opener, tmp_path: Path) -> None:
    viewer = PreferencePairs(ROWS)
    taken: list[Any] = []
    viewer.on_use(taken.append)
    bridge = opened(viewer)
    bridge.root.get_by_role("listbox").focus()
    bridge.press("d")
    bridge.root.get_by_role("button", name="Use in Studio").click()
    bridge.until(lambda: taken)
    assert len(taken[0]) == 39
    bridge.root.get_by_role("button", name="Export").click()
    bridge.root.get_by_label("File", exact=True).fill(str(tmp_path / "clean.jsonl"))
    bridge.root.get_by_role("button", name="Save").click()
    bridge.until(lambda: "39 pairs written" in bridge.root.locator(".ftw-said").inner_text())
    assert len((tmp_path / "clean.jsonl").read_text().splitlines()) == 39

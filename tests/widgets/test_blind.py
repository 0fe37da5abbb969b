"""The blind view: what the page hears and when, and what it may ask for."""

import json

import ipywidgets as w
import pytest

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import start_run
from ftwidgets.runs.judging import Judgements, Versus
from ftwidgets.widgets.blind import BlindView, in_words
from ftwidgets.widgets.blind_panel import BlindPanel
from tests.patience import PATIENCE

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def view(tmp_path):
    def make(*names):
        record = Judgements(tmp_path / "x.jsonl", names or ("base", "secret run"), ["one?", HOSTILE], {"seed": 0})
        for number in range(len(record.contenders)):
            record.answered(number, [f"answer {number} to {i}" for i in range(2)])
        view = BlindView()
        view.record = record
        view.show()
        return view

    return make


def ask(view, type, **more):
    view._receive(view, {"type": type, **more}, [])


def test_no_name_reaches_the_page_before_the_end(view):
    shown = view()
    while "match" in shown.view:
        assert "secret run" not in json.dumps(shown.view) and shown.view["phase"] == "judging"
        ask(shown, "judge", match=shown.view["match"]["number"], verdict="left")
    assert "secret run" not in json.dumps(shown.view) and shown.view["judged"] == shown.view["count"] == 2
    ask(shown, "reveal")
    assert shown.view["phase"] == "revealed" and "secret run" in json.dumps(shown.view["result"])
    assert len(shown.view["result"]["choices"]) == 2 and shown.view["result"]["ranking"] == []


def test_undo_shows_the_match_again(view):
    shown = view()
    first = shown.view["match"]
    ask(shown, "judge", match=first["number"], verdict="tie")
    assert shown.view["undo"] and shown.view["match"] != first
    ask(shown, "undo")
    assert shown.view["match"] == first and not shown.view["undo"] and shown.record.verdicts == {}


def test_what_comes_late_or_wrong_is_no_judgement(view):
    shown = view()
    number = shown.view["match"]["number"]
    for message in (
        {"type": "judge", "match": number + 1, "verdict": "left"},  # a match that is not in sight any more
        {"type": "judge", "match": number, "verdict": HOSTILE},
        {"type": "format disk"},
        {},
    ):
        shown._receive(shown, message, [])
    assert shown.record.verdicts == {} and "use one of" in shown.view["problem"]
    ask(shown, "judge", match=number, verdict="left")
    assert "problem" not in shown.view


def test_more_than_two_are_ranked(view):
    shown = view("base", "one", "two")
    for _ in range(3):
        shown.judge("right")
    shown.reveal()
    result = shown.view["result"]
    assert len(result["tally"]) == 3 and {r["name"] for r in result["ranking"]} == {"base", "one", "two"}
    assert result["reference"] == "base"
    with pytest.raises(FtwidgetsError, match="nothing to judge"):
        shown.judge("left")


def test_words_name_the_one_ahead_and_say_what_is_not_known():
    assert in_words(Versus("base", "run", 1, 11)).startswith(
        "run was preferred to base in 11 of 12 decided comparisons (92%"
    )
    assert "more than chance" in in_words(Versus("base", "run", 1, 11))
    assert "do not tell the two apart" in in_words(Versus("base", "run", 4, 5))
    assert "nothing was decided" in in_words(Versus("base", "run", 0, 0, ties=4))


@pytest.mark.parametrize(("method", "offered"), [("sft", True), ("reward", False)])
def test_the_panel_offers_what_can_be_compared(tmp_path, method, offered):
    run = start_run(RunConfig(method=method, output_dir=str(tmp_path)), lambda context: context.training() or {})
    assert run.wait(PATIENCE) == "finished"
    opened = []
    panel = BlindPanel(lambda run: opened.append(w.HTML(run.id)) or opened[-1])
    assert panel.button.disabled
    panel.show(run)
    assert panel.button.disabled is not offered
    if offered:
        panel.button.click()
        panel.button.click()  # anew, and the first is gone
        assert panel._place.children == (opened[1],) and opened[0].comm is None
        panel.show()
        assert panel._place.children == () and panel.button.disabled


def test_the_panel_tells_why_not(tmp_path):
    run = start_run(RunConfig(method="sft", output_dir=str(tmp_path)), lambda context: context.training() or {})
    assert run.wait(PATIENCE) == "finished"

    def refuse(run):
        raise FtwidgetsError(f"{HOSTILE}: no adapter there.")

    panel = BlindPanel(refuse)
    panel.show(run)
    panel.button.click()
    assert "no adapter there" in panel._note.value and "<img" not in panel._note.value

"""Mapping by hand: controls that say a mapping, and show one that stands elsewhere."""

import pytest

from ftwidgets.data.columns_found import ColumnsFound
from ftwidgets.widgets.data_panel import look_at
from ftwidgets.widgets.mapping_panel import MappingPanel

ODD = [{"ask": f"q{i}", "plus": "good", "minus": "bad"} for i in range(3)]
TALKS = [{"talk": [{"who": "Ann", "says": "q"}, {"who": "Bot", "says": "a"}]}]


@pytest.fixture
def panel():
    told = []
    made = MappingPanel(told.append)
    made.told = told
    yield made
    made.close()


def choices(panel):
    return (*panel._grid.children, *panel._turns.children)


def shown(panel):
    return {choice.control.description: choice.value for choice in (*panel._grid.children, *panel._turns.children)}


def pick(panel, label, value):
    next(c for c in choices(panel) if c.control.description == label).control.value = "" if value is None else value


def test_columns_are_chosen_one_by_one(panel):
    panel.show(None, ColumnsFound(["ask", "plus", "minus"]), None)
    assert panel.unfolded  # rows that are not understood open it
    assert shown(panel) == {"shape": None}
    pick(panel, "shape", "preference")
    for role, column in (("prompt", "ask"), ("chosen", "plus"), ("rejected", "minus")):
        pick(panel, role, column)
    assert panel.told[0] == {"shape": "preference"}
    assert panel.told[-1] == {"shape": "preference", "chosen": "plus", "rejected": "minus", "prompt": "ask"}
    pick(panel, "written as", "text")
    assert panel.told[-1]["as"] == "text"
    assert not look_at(ODD, None, "train", panel.told[0], "dpo").fits
    look = look_at(ODD, None, "train", panel.told[-1], "dpo")
    assert look.fits and look.usable["dpo"][0] and look.preview[0]["chosen"] == "good"
    pick(panel, "shape", None)
    assert panel.told[-1] is None
    assert shown(panel) == {"shape": None}


def test_another_shape_keeps_columns_and_takes_others_by_name(panel):
    panel.show(None, ColumnsFound(["question", "response", "extra"]), {"shape": "prompts", "prompt": "extra"})
    assert not panel.unfolded
    pick(panel, "shape", "prompt_completion")
    assert panel.told == [{"shape": "prompt_completion", "prompt": "question", "completion": "response"}]
    pick(panel, "prompt", "extra")
    pick(panel, "shape", "labelled")
    assert panel.told[-1] == {"shape": "labelled", "completion": "response", "prompt": "extra"}


def test_speakers_of_a_chat_list(panel):
    columns = look_at(TALKS, None, "train", None, "sft").columns
    panel.show(None, columns, None)
    pick(panel, "shape", "messages")
    pick(panel, "messages", "talk")
    pick(panel, "speaker is in", "who")
    pick(panel, "text is in", "says")
    pick(panel, "Ann is", "user")
    pick(panel, "Bot is", "assistant")
    mapping = panel.told[-1]
    assert mapping == {
        "shape": "messages",
        "messages": "talk",
        "role_field": "who",
        "content_field": "says",
        "speakers": {"Ann": "user"},  # who is called Bot is an assistant anyway
    }
    look = look_at(TALKS, None, "train", mapping, "sft")
    assert look.fits and look.preview[0]["messages"][1] == {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    "mapping",
    [
        {"shape": "ranked", "prompt": "q", "answers": "a", "scores": "s", "rule": "best_random"},
        {"shape": "alpaca", "instruction": "q", "output": "elsewhere", "kind": "text"},
        {"shape": "messages", "messages": "a", "role_field": "x", "speakers": {"Ann": "user"}},
    ],
)
def test_a_mapping_made_elsewhere_is_shown_as_it_is(panel, mapping):
    panel.show(mapping, ColumnsFound(["q", "a", "s"]), None)
    assert panel.mapping == mapping
    assert not panel.told


def test_a_mapping_that_is_none_does_not_break_the_controls(panel):
    for wrong in ({"foo": "x"}, {"shape": "nothing"}, "text", {"shape": "text", "text": ["x"]}, {"speakers": 3}):
        panel.show(wrong, ColumnsFound(["q"]), None)
    panel.show({"chosen": "q", "rejected": "q"}, ColumnsFound(["q"]), None)  # its shape goes without saying
    assert shown(panel)["shape"] == "preference"


def test_what_a_look_says_of_a_mapping_that_does_not_fit():
    look = look_at(ODD, None, "train", {"shape": "preference", "chosen": "nowhere", "rejected": "minus"}, "dpo")
    assert not look.fits and not look.usable["dpo"][0]
    assert "no column 'nowhere'" in look.usable["dpo"][1] and look.evidence == []  # said beside the mapping alone
    assert look.preview[0] == ODD[0]  # the row itself, to map from
    assert look.columns.names == ["ask", "plus", "minus"]
    look = look_at(
        [{"a": 1, "b": 2}], None, "train", {"shape": "prompt_completion", "prompt": "a", "completion": "b"}, "sft"
    )
    assert "No row fits" in look.usable["sft"][1]

"""Mappings by hand: checked, kept as plain dicts, previewed; and the rules for answers and labels."""

import json

import pytest

from ftwidgets.data.columns_found import ColumnsFound
from ftwidgets.data.detection import detect, sample
from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.data.mapping import FORMS, KINDS_ASKED, RULES, Mapping, preview
from ftwidgets.data.mapping_words import OPTION_WORDS, ROLE_WORDS
from ftwidgets.data.problems import BadRow
from ftwidgets.data.reading import label_of, ranked_answers, winner_of
from ftwidgets.data.shapes import SHAPES
from ftwidgets.errors import FtwidgetsError


def test_round_trip():
    given = {"shape": "ranked", "prompt": "q", "answers": "a", "scores": "s", "rule": "best_random", "as": "text"}
    assert Mapping.from_dict(given).to_dict() == given
    assert Mapping.from_dict({"chosen": "x", "rejected": "y"}).shape == "preference"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shape": "preferences"}, "no shape 'preferences'. Use one of alpaca"),
        ({"shape": "preference", "choosen": "x"}, "no role 'choosen'. Did you mean chosen"),
        ({"shape": "preference", "chosen": "x"}, "which column is rejected"),
        ({"shape": "text", "text": 3}, "text is 3"),
        ({"shape": "text", "text": "t", "as": "html"}, "as is 'html'; use chat or text"),
        ({"foo": "x"}, "no shape has exactly these roles"),
        ([], "mapping is list"),
    ],
)
def test_faults_are_named(given, message):
    with pytest.raises(FtwidgetsError, match=message):
        Mapping.from_dict(given)


def test_preview_of_marked_answers_shows_the_pairs_they_become():
    said = [("q1", "a", True), ("q2", "b", False), ("q1", "c", True), ("q2", "d", True), ("q1", "e", False)]
    said += [("q3", "f", False), ("q3", "g", False), ("q1", "h", False)]
    rows = [{"prompt": q, "completion": text, "label": good} for q, text, good in said]
    mapping = detect(source_of_object(rows)).mapping
    shown = preview(source_of_object(rows), mapping, "pairs", 5)
    *pairs, left = shown
    assert [row.problem for row in pairs] == [None, None, None]
    sides = [(row.example["chosen"][0]["content"], row.example["rejected"][0]["content"]) for row in pairs]
    assert sides == [("d", "b"), ("a", "e"), ("c", "h")]  # in the order in which the second of a pair comes
    assert [row.row for row in pairs] == [3, 0, 2]  # the good answer's row
    assert (left.row, left.cells, left.example) == (5, rows[5], None)  # one of two
    assert "No good answer to the same prompt is left" in left.problem.message
    whole = preview(source_of_object(rows[:2] + rows[3:5]), mapping, "pairs", 5)
    assert [row.problem for row in whole] == [None, None]  # none is left over


def test_preview_shows_rows_beside_what_they_become():
    rows = [{"x": "q", "y": "good", "z": "bad"}, {"x": "q", "y": 3, "z": "bad"}, {"x": "q", "y": "g", "z": "b"}]
    mapping = Mapping.from_dict({"prompt": "x", "chosen": "y", "rejected": "z"})
    first, second = preview(source_of_object(rows), mapping, "pairs", 2)
    assert first.cells == rows[0] and first.problem is None
    assert first.example["chosen"] == [{"role": "assistant", "content": "good"}]
    assert second.example is None and second.problem.row == 1 and "y is a number" in second.problem.message
    with pytest.raises(FtwidgetsError, match="no column 'w' for prompt"):
        preview(source_of_object(rows), Mapping.from_dict({"prompt": "w", "chosen": "y", "rejected": "z"}), "pairs")


def read(row, mapping, number=0):
    source = source_of_object([row])
    item = next(iter(source.rows()))
    item.number = number
    return Mapping.from_dict(mapping).read(item)


def test_the_best_answer_meets_the_worst_or_by_rule_any_lower_one():
    row = {"q": "q", "a": ["c", "a", "b", "a too"], "s": [1, 9, 5, 9]}
    roles = {"shape": "ranked", "prompt": "q", "answers": "a", "scores": "s"}
    reading = read(row, roles)
    assert (reading.good[0]["content"], reading.bad[0]["content"]) == ("a", "c")
    drawn = {read(row, {**roles, "rule": "best_random"}, number).bad[0]["content"] for number in range(20)}
    assert drawn == {"b", "c"}


def test_scores_that_do_not_decide():
    with pytest.raises(BadRow, match="same score"):
        ranked_answers({"a": ["x", "y"], "s": [1, 1]}, {"answers": "a", "scores": "s"})
    with pytest.raises(BadRow, match="one score for each"):
        ranked_answers({"a": ["x", "y"], "s": [1]}, {"answers": "a", "scores": "s"})
    with pytest.raises(BadRow, match="fewer than two"):
        ranked_answers({"a": ["x", "y"], "s": [1, None]}, {"answers": "a", "scores": "s"})


def test_ranks_count_from_one_for_the_best():
    found = ranked_answers({"a": ["third", "first", "second"], "rank": [3, 1, 2]}, {"answers": "a", "scores": "rank"})
    assert [answer for _, answer in found] == ["first", "second", "third"]


@pytest.mark.parametrize("word", [True, 1, "1", "Good", "desirable", "好", 1.0])
def test_good_labels(word):
    assert label_of(word, "label")


@pytest.mark.parametrize("word", [False, 0, "-1", "bad", "坏", 0.0, " FALSE "])
def test_bad_labels(word):
    assert not label_of(word, "label")


def test_other_labels_are_refused():
    with pytest.raises(BadRow, match="neither good nor bad"):
        label_of("maybe", "label")


@pytest.mark.parametrize(
    ("word", "columns", "winner"),
    [
        ("A", ("response_a", "response_b"), 0),
        ("model_b", ("response_a", "response_b"), 1),
        ("response_a", ("response_a", "response_b"), 0),
        (0, ("response_0", "response_1"), 0),
        (1, ("response_0", "response_1"), 1),
        (1, ("answer_1", "answer_2"), 0),
        (2.0, ("answer_1", "answer_2"), 1),
    ],
)
def test_winners(word, columns, winner):
    assert winner_of(word, "winner", *columns) == winner


@pytest.mark.parametrize("word", ["tie", "tie (bothbad)", None, 7])
def test_no_winner(word):
    with pytest.raises(BadRow):
        winner_of(word, "winner", "response_a", "response_b")


CHATS = [
    {"talk": [{"who": "Ann", "says": f"q{i}"}, {"who": "Bot", "says": f"a{i}"}], "other": [{"who": "Ann", "says": "x"}]}
    for i in range(3)
]
BY_HAND = {
    "shape": "messages",
    "messages": "talk",
    "role_field": "who",
    "content_field": "says",
    "speakers": {"Ann": "user", "Bot": "assistant"},
}


def test_turns_under_names_of_their_own():
    assert Mapping.from_dict(BY_HAND).to_dict() == BY_HAND
    found = detect(source_of_object(CHATS), BY_HAND)
    assert found.confidence == 1
    first = preview(source_of_object(CHATS), found.mapping, "chat", 1)[0]
    assert first.example["messages"] == [
        {"role": "user", "content": "q0"},
        {"role": "assistant", "content": "a0"},
    ]
    assert first.cells == CHATS[0]  # the row itself is left alone
    without = {name: value for name, value in BY_HAND.items() if name != "speakers"}
    assert next(iter(detect(source_of_object(CHATS), without).problems)).kind == "unknown role"


def test_turns_written_as_json_text_and_pairs_of_them():
    row = {"q": "ask", "good": json.dumps([{"who": "Bot", "says": "yes"}]), "bad": [{"who": "Bot", "says": "no"}]}
    names = {name: BY_HAND[name] for name in ("role_field", "content_field", "speakers")}
    reading = read(row, {"shape": "preference", "prompt": "q", "chosen": "good", "rejected": "bad", **names})
    assert reading.good == [{"role": "assistant", "content": "yes"}]
    assert reading.bad == [{"role": "assistant", "content": "no"}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"role_field": 3}, "role_field is 3"),
        ({"speakers": ["Ann"]}, "speakers is no dict"),
        ({"speakers": {"Ann": "human"}}, "'Ann' is 'human'; use one of user"),
    ],
)
def test_faults_in_the_names_of_turns(wrong, message):
    with pytest.raises(FtwidgetsError, match=message):
        Mapping.from_dict({**BY_HAND, **wrong})


def test_what_can_be_chosen_is_read_off_the_rows():
    rows, _ = sample(source_of_object([*CHATS, {"meta": {"text": "t", "n": 1}}]))
    found = ColumnsFound.of(rows)
    assert found.names == ["talk", "other", "meta", "meta.text", "meta.n"]
    assert list(found.fields) == ["who", "says"]
    assert found.speakers("who") == ["Ann", "Bot"]
    assert found.speakers(None) == []  # no key has a usual name
    ranked = ColumnsFound.of(
        sample(source_of_object([{"prompt": "q", "responses": [{"response": "a", "rating": 1}]}]))[0]
    )
    assert ranked.guess("ranked") == {
        "prompt": "prompt",
        "answers": "responses",
        "answer_field": "response",
        "score_field": "rating",
    }
    # many different short texts are contents, not names of speakers
    many = [{"talk": [{"role": f"r{i}", "content": "x"}]} for i in range(20)]
    assert ColumnsFound.of(sample(source_of_object(many))[0]).speakers("role") == []


def test_every_part_of_a_mapping_has_words():
    roles = {role for shape in SHAPES.values() for role in shape.roles}
    assert roles == set(ROLE_WORDS)
    assert tuple(OPTION_WORDS["as"][2]) == FORMS
    assert tuple(OPTION_WORDS["rule"][2]) == RULES
    assert tuple(OPTION_WORDS["kind"][2]) == KINDS_ASKED

"""Mappings by hand: checked, kept as plain dicts, previewed; and the rules for answers and labels."""

import pytest

from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.data.mapping import Mapping, preview
from ftwidgets.data.problems import BadRow
from ftwidgets.data.reading import label_of, ranked_answers, winner_of
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


def test_preview_shows_rows_beside_what_they_become():
    rows = [{"x": "q", "y": "good", "z": "bad"}, {"x": "q", "y": 3, "z": "bad"}, {"x": "q", "y": "g", "z": "b"}]
    mapping = Mapping.from_dict({"prompt": "x", "chosen": "y", "rejected": "z"})
    first, second = preview(source_of_object(rows), mapping, "pairs", 2)
    assert first.cells == rows[0] and first.problem is None
    assert first.example["chosen"] == [{"role": "assistant", "content": "good"}]
    assert second.example is None and second.problem.row == 1 and "y is of another type" in second.problem.message
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

"""Blind judgements: the draw, the record, and the tally, by hand."""

import json
import math

import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.held_out import Z95
from ftwidgets.runs.judging import Judgements, Match, Versus, bradley_terry, draw_matches

ABOUT = {"seed": 3, "temperature": 0.7}
NAMES = ["base", "run"]
PROMPTS = ["one?", [{"role": "user", "content": "two?"}], "three?"]


@pytest.fixture
def record(tmp_path):
    def open_it(names=NAMES, prompts=PROMPTS, about=ABOUT):
        return Judgements(tmp_path / "blind" / "x.jsonl", names, prompts, about)

    return open_it


def answered(record):
    for number in range(len(record.contenders)):
        record.answered(number, [f"{number} says {i}" for i in range(len(record.prompts))])
    return record


def side(record, number, contender):
    """Which side a contender stands on in a match."""
    return "left" if record.matches[number].left == contender else "right"


def test_everybody_meets_on_every_prompt_on_both_sides():
    matches = draw_matches(10, 3, seed=1)
    assert matches == draw_matches(10, 3, seed=1) != draw_matches(10, 3, seed=2)
    assert len(set(matches)) == len(matches) == 10 * 3  # three pairs
    for pair in ({0, 1}, {0, 2}, {1, 2}):
        met = [m for m in matches if {m.left, m.right} == pair]
        assert sorted(m.prompt for m in met) == list(range(10))
        assert sum(m.left == min(pair) for m in met) == 5


def test_judgements_are_kept_as_they_are_made(record):
    first = answered(record())
    number = first.next()
    first.judge(number, "tie")
    again = record()
    assert again.complete and again.verdicts == {number: "tie"} and again.matches == first.matches
    assert again.next() not in (None, number)
    assert again.undo() == number and record().verdicts == {} and again.undo() is None


def test_the_last_judgement_is_the_one_taken_back(record):
    made = answered(record())
    for number in (2, 0, 1):
        made.judge(number, "bad")
    made.judge(0, "tie")  # said again: now it is the last
    assert [made.undo() for _ in range(4)] == [0, 1, 2, None]


def test_a_line_cut_short_loses_itself_alone(record):
    made = answered(record())
    made.judge(0, "left")
    with made.path.open("a", encoding="utf-8") as file:
        file.write('{"type": "judged", "match": 1, "ver')
    again = record()
    assert again.verdicts == {0: "left"}
    again.judge(2, "right")
    assert record().verdicts == {0: "left", 2: "right"}


def test_nothing_is_judged_once_the_names_are_known(record):
    made = answered(record())
    made.judge(0, "left")
    made.reveal()
    for again in (made, record()):
        assert again.revealed and again.undo() is None
        with pytest.raises(FtwidgetsError, match="not be blind"):
            again.judge(1, "left")


def test_strangers_are_refused_and_kept(record, tmp_path):
    answered(record())
    for other in ({"names": ["base", "other"]}, {"prompts": ["four?"]}, {"about": {"seed": 4}}):
        with pytest.raises(FtwidgetsError, match="another comparison"):
            record(**other)
    with pytest.raises(FtwidgetsError, match="use one of left"):
        record().judge(0, "best")
    path = tmp_path / "notes.txt"
    path.write_text("my notes", encoding="utf-8")
    with pytest.raises(FtwidgetsError, match="no record of a blind comparison"):
        Judgements(path, NAMES, PROMPTS, ABOUT)
    assert path.read_text(encoding="utf-8") == "my notes"


def test_tally_by_hand(record):
    made = record(prompts=[f"{i}?" for i in range(8)])
    made.answered(0, [f"base {i}" for i in range(8)])
    made.answered(1, [f"run {i}" for i in range(7)] + [" base 7\n"])  # the last answer is the same
    (same,) = (i for i, match in enumerate(made.matches) if match.prompt == 7)
    assert same not in made.to_judge() and len(made.to_judge()) == 7
    open_matches = made.to_judge()
    for number in open_matches[:4]:
        made.judge(number, side(made, number, 1))  # the run, wherever it stands
    made.judge(open_matches[4], side(made, open_matches[4], 0))
    made.judge(open_matches[5], "tie")
    made.judge(open_matches[6], "bad")
    (found,) = made.tally()
    assert found == Versus("base", "run", wins=1, losses=4, ties=1, bad=1, same=1)
    assert found.share == 0.2
    # Wilson with 1 of 5: (0.2 + z²/10 ± z √(0.2·0.8/5 + z²/100)) / (1 + z²/5)
    middle, half = 0.2 + Z95**2 / 10, Z95 * math.sqrt(0.16 / 5 + Z95**2 / 100)
    assert found.interval == pytest.approx(((middle - half) / (1 + Z95**2 / 5), (middle + half) / (1 + Z95**2 / 5)))
    assert found.p == pytest.approx(2 * (1 + 5) / 2**5)  # as extreme: 0 or 1 of 5, on either side
    said = [json.loads(line) for line in made.path.read_text(encoding="utf-8").splitlines()]
    assert [line.get("preferred") for line in said if line["type"] == "judged"] == ["run"] * 4 + ["base", None, None]


def test_bradley_terry_of_two_is_the_share():
    found = bradley_terry([Versus("a", "b", wins=1, losses=3)], ["a", "b"])
    # with half a win to each: 3.5 of 5; the log odds have variance 1 / (5 · 0.7 · 0.3)
    chance, low, high = found["b"]
    odds, error = math.log(3.5 / 1.5), 1 / math.sqrt(5 * 0.7 * 0.3)
    assert chance == pytest.approx(0.7)
    assert low == pytest.approx(1 / (1 + math.exp(Z95 * error - odds)))
    assert high == pytest.approx(1 / (1 + math.exp(-Z95 * error - odds)))
    assert found["a"] == (0.5, 0.5, 0.5)


def test_bradley_terry_is_the_likeliest_of_three():
    tally = [Versus("a", "b", 2, 6), Versus("a", "c", 1, 7, ties=2), Versus("b", "c", 3, 5, bad=2)]
    found = bradley_terry(tally, ["a", "b", "c"])
    theta = {name: math.log(found[name][0] / (1 - found[name][0])) for name in found}
    # the likelihood is highest where each one's wins are what its strength expects
    wins = {("a", "b"): 2.5, ("b", "a"): 6.5, ("a", "c"): 2.5, ("c", "a"): 8.5, ("b", "c"): 4.5, ("c", "b"): 6.5}
    for name in found:
        won = sum(count for (one, _), count in wins.items() if one == name)
        expected = sum(
            (count + wins[other, one]) / (1 + math.exp(theta[other] - theta[one]))
            for (one, other), count in wins.items()
            if one == name
        )
        assert won == pytest.approx(expected, abs=1e-6)
    assert found["a"][0] < found["b"][0] < found["c"][0]


def test_bradley_terry_bears_one_who_never_won_and_one_who_never_played():
    found = bradley_terry([Versus("a", "b", 0, 9)], ["a", "b", "c"])
    assert all(0 < x < 1 for values in found.values() for x in values)
    assert found["c"][2] - found["c"][1] > 0.8  # nothing is known of it


def test_without_a_decision_nothing_is_claimed():
    none = Versus("a", "b", 0, 0, ties=3)
    assert math.isnan(none.share) and none.interval == (0.0, 1.0) and none.p == 1.0
    assert draw_matches(1, 2) in ([Match(0, 0, 1)], [Match(0, 1, 0)])

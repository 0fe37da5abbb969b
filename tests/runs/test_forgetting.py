"""The verdict on forgetting, by hand."""

import math

import pytest

from ftwidgets.runs import load_run
from ftwidgets.runs.forgetting import MUCH, SOME, forgetting, verdict
from ftwidgets.runs.story import story

from .recorded import recorded


def measured(step, losses, tokens=(10, 30)):
    return "general", {"step": step, "loss": list(losses), "tokens": list(tokens), "seconds": 0.1}


@pytest.fixture
def run(tmp_path):
    """A finished run with these measurements."""

    def make(*events):
        return recorded(tmp_path, events, method="sft")

    return make


def test_rise_and_interval_by_hand(run):
    found = forgetting(run(measured(0, [2.0, 1.0]), measured(4, [2.2, 1.4])))
    # means over tokens: (10·2 + 30·1)/40 = 1.25 before, (10·2.2 + 30·1.4)/40 = 1.6 after
    assert (found.before, found.after) == (pytest.approx(math.exp(1.25)), pytest.approx(math.exp(1.6)))
    assert found.rise == pytest.approx(math.exp(0.35) - 1)
    # residuals 10·(0.2 − 0.35) = −1.5 and 30·(0.4 − 0.35) = 1.5; error = √(2·(1.5² + 1.5²)) / 40 = 3/40
    assert found.low == pytest.approx(math.exp(0.35 - 1.96 * 3 / 40) - 1)
    assert found.high == pytest.approx(math.exp(0.35 + 1.96 * 3 / 40) - 1)
    assert (found.step, found.texts, found.worst_step) == (4, 2, 4)


@pytest.mark.parametrize(
    ("rise", "words"),
    [
        (-0.03, "No sign of forgetting"),
        (SOME - 0.001, "No sign of forgetting"),
        (SOME + 0.001, "Some forgetting"),
        (MUCH - 0.001, "Some forgetting"),
        (MUCH + 0.001, "Much was forgotten"),
        (math.inf, "Much was forgotten"),
    ],
)
def test_words_follow_the_thresholds(run, rise, words):
    after = [None, None] if rise == math.inf else [2.0 + math.log1p(rise), 1.0 + math.log1p(rise)]
    told = verdict(run(measured(0, [2.0, 1.0]), measured(4, after)))
    assert words in told[0]
    assert (len(told) == 2) == ("No sign" not in words)


def test_texts_that_disagree_make_it_unclear(run):
    told = verdict(run(measured(0, [1.0, 1.0], (10, 10)), measured(4, [2.0, 0.6], (10, 10))))
    assert len(told) == 1 and "No clear sign" in told[0]


def test_a_bad_stretch_is_told(run):
    told = verdict(run(measured(0, [1.0, 1.0]), measured(2, [2.0, 2.0]), measured(4, [1.01, 1.01])))
    assert "No sign" in told[0] and "worst after step 2, at 7.389" in told[0]


def test_thresholds_are_what_fewer_parameters_would_cost():
    """Hoffmann et al., arXiv 2203.15556: the loss holds 406.4 / N^0.34."""

    def share(fraction):
        return math.expm1(406.4 / (8e9 * fraction) ** 0.34 - 406.4 / 8e9**0.34)

    assert share(1 / 2) == pytest.approx(SOME, abs=0.005)
    assert share(1 / 8) == pytest.approx(MUCH, abs=0.005)


def test_runs_without_it_are_told_as_before(run):
    for events in ((), (measured(0, [1.0, 2.0]),), (measured(5, [1.0, 2.0]), measured(6, [1.0, 2.0]))):
        old = run(*events)
        assert forgetting(old) is None and verdict(old) == []
        assert len(story(load_run(old.folder))) == 1
    assert forgetting(run(measured(0, [1.0, 2.0]), measured(3, [1.0], [40]))) is None  # other texts


def test_a_change_too_small_to_write_has_no_sign(run):
    told = verdict(run(measured(0, [1.0, 1.0]), measured(4, [1.0 - 1e-6, 1.0 - 1e-6])))
    assert "(±0.0%, 95% interval ±0.0% to ±0.0%" in told[0]
    less = verdict(run(measured(0, [1.0, 1.0]), measured(4, [0.99, 0.99])))
    assert "(−1.0%" in less[0]  # exp(-0.01) - 1

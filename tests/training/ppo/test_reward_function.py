import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from ftwidgets.training.ppo.reward_function import RewardError, RewardReport, call_reward, report

PROMPTS, ANSWERS = ["p", "q"], ["one", "two words"]


def call(function: object) -> list[float]:
    return call_reward(function, PROMPTS, ANSWERS, "update 7")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "returned", [[1, 2.5], (1, 2.5), np.array([1, 2.5]), torch.tensor([1, 2.5]), map(float, [1, 2.5])]
)
def test_any_numbers_will_do(returned: object) -> None:
    assert call(lambda p, c: returned) == [1.0, 2.5]


def test_it_gets_texts_of_its_own() -> None:
    def greedy(prompts: list[str], completions: list[str]) -> list[float]:
        prompts.clear()
        return [len(completions.pop()) for _ in range(2)]

    assert call(greedy) == [9.0, 3.0]
    assert PROMPTS == ["p", "q"]


def test_what_it_raises_is_told_with_its_line() -> None:
    def broken(prompts: list[str], completions: list[str]) -> list[float]:
        return [1 / 0]

    line = broken.__code__.co_firstlineno + 1
    with pytest.raises(RewardError, match=rf"update 7 \(its line {line}\): ZeroDivisionError") as caught:
        call(broken)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ([1.0], "1 scores for 2 answers in update 7"),
        ([], "0 scores for 2 answers"),
        (None, "returned NoneType in update 7"),
        (3.0, "returned float"),
        ([1.0, math.nan], r"gave nan to answer 1 of update 7 \('two words'\)"),
        ([math.inf, 1.0], "gave inf to answer 0"),
        ([1.0, None], "gave None to answer 1"),
        ([1.0, "good"], "gave 'good' to answer 1"),
    ],
)
def test_faults_are_told_as_what_they_are(returned: object, words: str) -> None:
    with pytest.raises(RewardError, match=words):
        call(lambda p, c: returned)


def trial(function: Callable[..., Any]) -> RewardReport:
    return report(lambda: call_reward(function, PROMPTS, ANSWERS, "the trial"))


def test_a_trial_reports_the_distribution() -> None:
    found = trial(lambda p, c: [len(x) for x in c])
    assert found.scores == [3, 9]
    assert (found.mean, found.minimum, found.maximum) == (6, 3, 9)
    assert found.std == pytest.approx(math.sqrt(18))
    assert found.seconds_per_call >= 0
    assert found.problems == []


def test_a_trial_warns_of_equal_scores() -> None:
    assert "same score, 2" in trial(lambda p, c: [2, 2]).problems[0]


def test_a_trial_warns_of_a_slow_function(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0])
    monkeypatch.setattr("ftwidgets.training.ppo.reward_function.time.perf_counter", lambda: next(clock))
    found = trial(lambda p, c: [1, 2])
    assert found.seconds_per_call == 30
    assert "took 30 s" in found.problems[0]
    assert "50 minutes" in found.problems[0]

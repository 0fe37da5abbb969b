"""A Python function as reward: called, timed and checked, so that its faults are told as what they are."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ftwidgets.errors import FtwidgetsError

RewardFunction = Callable[[list[str], list[str]], Sequence[float]]
SLOW_SECONDS = 10.0


class RewardError(FtwidgetsError):
    """The reward cannot be used: says in which update, for which answer, and what to do."""


@dataclass(frozen=True)
class RewardReport:
    """What a trial call of a reward function showed.

    Attributes:
        scores: One per completion.
        mean, std, minimum, maximum: Of the scores; ``std`` is 0 for a single one.
        seconds_per_call: How long the call took. Each update makes one call.
        problems: What would keep PPO from learning, in words.
    """

    scores: list[float]
    mean: float
    std: float
    minimum: float
    maximum: float
    seconds_per_call: float
    problems: list[str] = field(default_factory=list)


def call_reward(function: RewardFunction, prompts: list[str], completions: list[str], where: str) -> list[float]:
    """The scores of ``completions``, one each. ``where`` names the moment for an error (“update 3”).

    Raises:
        RewardError: It raised, or returned another number of scores, or something that is no finite number.
    """
    try:
        returned = function(list(prompts), list(completions))
    except Exception as error:
        line = error.__traceback__.tb_next.tb_lineno if error.__traceback__ and error.__traceback__.tb_next else None
        at = f" (its line {line})" if line else ""
        raise RewardError(
            f"The reward function failed in {where}{at}: {type(error).__name__}: {error}. Nothing was trained on these "
            "answers. Correct the function, try it on sample answers, and resume the run from its last checkpoint."
        ) from error
    try:
        scores = list(returned)
    except TypeError:
        raise RewardError(
            f"The reward function returned {type(returned).__name__} in {where}. "
            f"It has to return one number for each of the {len(completions)} answers, as a list."
        ) from None
    if len(scores) != len(completions):
        raise RewardError(
            f"The reward function returned {len(scores)} scores for {len(completions)} answers in {where}. "
            "It has to return one number for each answer, in their order."
        )
    return [_number(score, i, completions[i], where) for i, score in enumerate(scores)]


def report(score: Callable[[], list[float]]) -> RewardReport:
    """Call ``score()`` once and say what its scores are like, and what about them would keep PPO from learning."""
    begun = time.perf_counter()
    scores = score()
    seconds = time.perf_counter() - begun
    problems = []
    if len(scores) > 1 and max(scores) == min(scores):
        problems.append(
            f"All {len(scores)} answers got the same score, {scores[0]:g}: PPO learns from differences. "
            "Try more varied answers, or a reward with finer steps."
        )
    if seconds > SLOW_SECONDS:
        problems.append(
            f"One call took {seconds:.0f} s. Each update waits for one: 100 updates would wait "
            f"{100 * seconds / 60:.0f} minutes for the reward."
        )
    std = statistics.stdev(scores) if len(scores) > 1 else 0.0
    mean = statistics.fmean(scores) if scores else math.nan
    low, high = (min(scores), max(scores)) if scores else (math.nan, math.nan)
    return RewardReport(scores, mean, std, low, high, seconds, problems)


def _number(score: object, place: int, completion: str, where: str) -> float:
    shown = completion if len(completion) <= 60 else completion[:57] + "..."
    try:
        value = float(score)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise RewardError(
            f"The reward function gave {score!r} to answer {place} of {where} ({shown!r}). It has to be a number."
        ) from None
    if not math.isfinite(value):
        raise RewardError(
            f"The reward function gave {value} to answer {place} of {where} ({shown!r}). It has to be a finite number: "
            "one such score would make every weight NaN. Return a low score for answers that cannot be scored."
        )
    return value

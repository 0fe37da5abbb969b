"""A reward tried on answers before any run."""

import pytest

import ftwidgets
from ftwidgets.demo import courtesy
from ftwidgets.errors import FtwidgetsError


def test_the_trial_scores_the_models_own_answers_and_leaves_nothing(tmp_path) -> None:
    place = tmp_path / "runs"
    found = ftwidgets.try_reward(reward=courtesy, response_length=24, output_dir=str(place))
    assert len(found.prompts) == len(found.completions) == 8
    assert len(set(found.completions)) > 1
    assert found.report.scores == courtesy(found.prompts, found.completions)
    assert found.report.seconds_per_call > 0
    assert not place.exists()


def test_faults_of_the_reward_are_told_before_a_run(tmp_path) -> None:
    def broken(prompts: list[str], completions: list[str]) -> list[float]:
        raise KeyError("colour")

    with pytest.raises(FtwidgetsError, match=r"failed in the trial.*KeyError: 'colour'"):
        ftwidgets.try_reward(reward=broken, response_length=4)
    with pytest.raises(FtwidgetsError, match="returned 1 scores for 8 answers"):
        ftwidgets.try_reward(reward=lambda prompts, completions: [1.0], response_length=4)
    with pytest.raises(FtwidgetsError, match="no reward model there"):
        ftwidgets.try_reward(reward=str(tmp_path / "none"), response_length=4)


def test_only_ppo_has_a_reward() -> None:
    with pytest.raises(FtwidgetsError, match="method='dpo' uses none"):
        ftwidgets.try_reward(method="dpo")

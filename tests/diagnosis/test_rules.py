"""A rule that no recorded run has the fault of, and cases that recordings leave out."""

import pytest

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.runs import Run


def ppo(tmp_path, entropies):
    run = Run(RunConfig(method="ppo", model="m", dataset="d", reward="r", max_steps=len(entropies)), tmp_path)
    for step, entropy in enumerate(entropies, 1):
        metrics = {"policy/entropy_avg": entropy, "objective/scores": step / 10}
        run.replay({"t": 0.0, "type": "log", "step": step, "epoch": 0.1, "metrics": metrics})
    return run


@pytest.mark.parametrize(("last", "spoken"), [(0.05, True), (0.34, True), (0.4, False), (1.0, False)])
def test_entropy_has_collapsed_below_35_percent_of_its_start(tmp_path, last, spoken):
    notes = ftwidgets.health(ppo(tmp_path, [1.0, 1.0, 0.9, 0.7, last, last, last]))
    assert [note.rule for note in notes] == (["entropy_collapse"] if spoken else [])
    if spoken:
        assert (notes[0].first, notes[0].last) == (4, 7) and notes[0].action["kl_coef"] == 0.1

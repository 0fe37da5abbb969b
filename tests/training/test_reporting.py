"""Metrics sent elsewhere, by name: nothing unless asked, and nothing starts for a package that is not there."""

import importlib.util

import pytest

import ftwidgets
from ftwidgets.config import ConfigError, RunConfig, reporting
from ftwidgets.errors import FtwidgetsError


def test_nothing_is_sent_unless_named():
    assert RunConfig(method="dpo").report_to is None
    assert RunConfig(method="dpo", report_to="tensorboard").report_to == ["tensorboard"]
    assert RunConfig(method="dpo", report_to=list(reporting.REPORTERS)).report_to == list(reporting.REPORTERS)


@pytest.mark.parametrize("name", ["all", "tensorbord", "none", ""])
def test_only_known_names_are_taken(name):
    with pytest.raises(ConfigError, match="tensorboard, wandb, trackio, mlflow") as caught:
        RunConfig(method="dpo", report_to=[name])
    assert list(caught.value.problems) == ["report_to"]


def test_a_missing_package_is_told_before_a_run_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "find_spec", lambda name: None)
    with pytest.raises(FtwidgetsError, match=r"wandb and mlflow not installed here\. pip install wandb mlflow"):
        ftwidgets.train(method="sft", report_to=["wandb", "mlflow"], output_dir=str(tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


def test_studio_tells_it_beside_the_field(monkeypatch):
    monkeypatch.setattr(reporting, "find_spec", lambda name: None)
    studio = ftwidgets.Studio(method="sft", report_to=["trackio"])
    assert "pip install trackio" in studio._problems["report_to"]
    assert "pip install trackio" in studio._form.fields["report_to"]._problem.value


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
@pytest.mark.parametrize("method", ["sft", "ppo"])
def test_tensorboard_gets_what_the_run_logs(tmp_path, tmp_path_factory, monkeypatch, method):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    place = tmp_path_factory.mktemp("notebook")
    monkeypatch.chdir(place)

    few = {"max_eval_samples": 2, "max_new_tokens": 1, "general_text": None, "per_device_train_batch_size": 2}
    if method == "ppo":
        few |= {"response_length": 4, "reward": lambda prompts, completions: [0.5 for _ in completions]}
    run = ftwidgets.train(
        method=method, max_steps=3, logging_steps=1, report_to="tensorboard", output_dir=str(tmp_path), **few
    )
    assert run.wait() == "finished", run.error
    # In the run's folder, the evaluation before the first step included: it goes away with the run.
    assert {events.parent for events in tmp_path.rglob("events.out.tfevents.*")} == {run.folder / "tensorboard"}
    assert not list(place.iterdir())
    seen = EventAccumulator(str(run.folder / "tensorboard"))
    seen.Reload()
    name = "loss" if method == "sft" else "objective/kl"
    sent = [scalar.value for scalar in seen.Scalars(f"train/{name}")]
    assert sent == pytest.approx(run.history[name].dropna().tolist(), rel=1e-5)

"""Reference log-probabilities, computed once."""

import numpy as np
import pytest
import torch

from ftwidgets.training.pairwise import reference
from tests.training.pairwise import tiny


def files(folder):
    return sorted(path.name for path in folder.glob("reference-*"))


def count_passes(monkeypatch):
    calls = []
    from ftwidgets.training.pairwise.trainer import PairwiseTrainer

    usual = PairwiseTrainer._reference_scores
    monkeypatch.setattr(
        PairwiseTrainer, "_reference_scores", lambda self, inputs: calls.append(1) or usual(self, inputs)
    )
    return calls


@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
def test_training_is_the_same(tmp_path, trained):
    logs = []
    for precompute in (True, False):
        trainer = tiny.trainer(
            tmp_path,
            model=tiny.model(trained=trained),
            precompute_ref_log_probs=precompute,
            held_out=tiny.pairs().select(range(3)),
            eval_strategy="steps",
            eval_steps=4,
        )
        trainer.train()
        logs.append([row.get("loss", row.get("eval_loss")) for row in trainer.state.log_history[:-1]])
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)


def test_computed_once_with_progress(tmp_path, monkeypatch):
    calls = count_passes(monkeypatch)
    trainer = tiny.trainer(tmp_path, precompute_ref_log_probs=True)
    assert len(calls) == 4
    steps = [(done, total) for phase, done, total in trainer.context.steps if phase == reference.PHASE]
    assert steps == [(0, 8), (2, 8), (4, 8), (6, 8), (8, 8)]
    trainer.train()
    assert len(calls) == 4
    assert len(files(tmp_path)) == 1
    again = tiny.trainer(tmp_path, precompute_ref_log_probs=True)
    assert len(calls) == 4
    assert again.train_dataset["ref_chosen_logps"] == trainer.train_dataset["ref_chosen_logps"]


def test_kept_apart_by_data_length_and_model(tmp_path, monkeypatch):
    calls = count_passes(monkeypatch)
    for i, options in enumerate(
        ({}, {"rows": tiny.pairs().select(range(6))}, {"max_length": 12}, {"model": tiny.model(seed=1)}), 1
    ):
        before = len(calls)
        tiny.trainer(tmp_path, precompute_ref_log_probs=True, **options)
        assert len(files(tmp_path)) == i
        assert len(calls) > before


def test_a_stop_keeps_what_was_computed(tmp_path, monkeypatch):
    class StoppedError(Exception):
        pass

    class Impatient(tiny.Context):
        def progress(self, phase, done=None, total=None, text=""):
            super().progress(phase, done, total, text)
            if phase == reference.PHASE and done == 4:
                raise StoppedError

    with pytest.raises(StoppedError):
        tiny.trainer(tmp_path, precompute_ref_log_probs=True, context=Impatient())
    (name,) = files(tmp_path)
    assert np.isnan(np.load(tmp_path / name)).sum() == 2 * 4
    calls = count_passes(monkeypatch)
    trainer = tiny.trainer(tmp_path, precompute_ref_log_probs=True)
    assert len(calls) == 2
    whole = tiny.trainer(tmp_path / "other", precompute_ref_log_probs=True)
    torch.testing.assert_close(
        torch.tensor(trainer.train_dataset["ref_chosen_logps"]), torch.tensor(whole.train_dataset["ref_chosen_logps"])
    )


@pytest.mark.parametrize("method", ["orpo", "simpo"])
def test_reference_free_methods_compute_none(tmp_path, monkeypatch, method):
    calls = count_passes(monkeypatch)
    trainer = tiny.trainer(tmp_path, method, precompute_ref_log_probs=True)
    trainer.train()
    assert not calls
    assert not files(tmp_path)


def test_the_key_does_not_see_the_adapter():
    one, two = tiny.model(), tiny.model(trained=True)
    assert reference.model_key(one.get_base_model()) == reference.model_key(two.get_base_model())
    assert reference.model_key(one.get_base_model()) != reference.model_key(tiny.model(seed=1).get_base_model())
    assert reference.model_key(one.get_base_model(), True) != reference.model_key(two.get_base_model(), True)

"""Make it fit: mild changes first, and only those that are needed."""

import numpy as np
import pytest

from ftwidgets.config import RunConfig
from ftwidgets.memory import estimate_memory, make_it_fit
from ftwidgets.models import Architecture, ModelCard

LLAMA = Architecture(
    "llama", hidden=2048, layers=16, heads=32, kv_heads=8, head_dim=64, mlp=8192, vocab=128256, tied=True
)


@pytest.fixture
def card(tmp_path):
    return ModelCard(
        "one-billion", tmp_path, architecture=LLAMA, parameters=LLAMA.parameters(), linears=LLAMA.linears()
    )


def config(**more):
    return RunConfig(**({"method": "dpo", "model": "one-billion", "dataset": "rows.jsonl", "max_length": 2048} | more))


def test_a_run_that_fits_is_left_alone(card):
    found = make_it_fit(config(), 80e9, model_card=card)
    assert found.changes == {} and found.fits and "It fits as it is" in found.lines()[0]


def test_checkpointing_alone_when_it_is_enough(card):
    run = config(gradient_checkpointing=False)
    enough = estimate_memory(config(gradient_checkpointing=True), model_card=card).high
    found = make_it_fit(run, enough, model_card=card)
    assert found.changes == {"gradient_checkpointing": (False, True)} and found.fits


def test_batch_against_accumulation_keeps_the_product(card):
    run = config(per_device_train_batch_size=6, gradient_accumulation_steps=4)
    two = estimate_memory(config(per_device_train_batch_size=3), model_card=card).high
    found = make_it_fit(run, two, model_card=card)
    assert found.changes == {"per_device_train_batch_size": (6, 3), "gradient_accumulation_steps": (4, 8)}
    assert found.apply(run).per_device_train_batch_size == 3


def test_what_later_changes_make_needless_is_taken_back(card):
    run = config(gradient_checkpointing=False, per_device_train_batch_size=2)
    one = estimate_memory(run, per_device_train_batch_size=1, model_card=card)
    on = estimate_memory(run, gradient_checkpointing=True, model_card=card)
    assert on.high < one.high  # so checkpointing comes first, and alone is enough for either
    assert set(make_it_fit(run, one.high, model_card=card).changes) == {"gradient_checkpointing"}


def test_length_last_with_the_share_of_rows_it_cuts(card):
    run = config(per_device_train_batch_size=1, gradient_accumulation_steps=1, r=4)
    lengths = np.arange(1, 2001)
    enough = estimate_memory(run, max_length=1024, model_card=card).high
    found = make_it_fit(run, enough, model_card=card, lengths=lengths)
    assert found.changes == {"max_length": (2048, 1024)}
    assert "It cuts 49% of the rows" in found.reasons["max_length"]  # 976 of 2000


def test_a_length_that_no_row_reaches_costs_nothing(card):
    run = config()
    enough = estimate_memory(run, max_length=800, model_card=card).high
    found = make_it_fit(run, enough, model_card=card, lengths=[100, 795])
    assert found.changes == {"max_length": (2048, 800)} and "nothing is cut" in found.reasons["max_length"]


def test_a_paged_optimizer_only_on_cuda(card):
    run = config(per_device_train_batch_size=1, gradient_accumulation_steps=1, optim="adamw_torch", r=256)
    enough = estimate_memory(run, optim="paged_adamw_8bit", model_card=card).high
    assert set(make_it_fit(run, enough, model_card=card).changes) == {"optim"}
    on_cpu = make_it_fit(run, enough, device="cpu", model_card=card)
    assert "optim" not in on_cpu.changes


def test_rank_keeps_the_strength_of_the_adapter(card):
    run = config(per_device_train_batch_size=1, gradient_accumulation_steps=1, r=256, lora_alpha=512)
    enough = estimate_memory(run, r=64, model_card=card).high
    assert make_it_fit(run, enough, model_card=card).changes == {"r": (256, 64), "lora_alpha": (512, 128)}


def test_ppo_samples_in_smaller_groups(card):
    run = config(
        method="ppo", reward="folder", per_device_train_batch_size=1, gradient_accumulation_steps=64,
        local_rollout_forward_batch_size=64, max_length=2048, response_length=256,
    )  # fmt: skip
    enough = estimate_memory(run, local_rollout_forward_batch_size=8, model_card=card).high
    assert make_it_fit(run, enough, model_card=card).changes == {"local_rollout_forward_batch_size": (64, 8)}


def test_too_large_a_model_is_said_to_be(card):
    found = make_it_fit(config(), 0.5e9, model_card=card)
    assert not found.fits and "Choose a smaller model" in found.lines()[-1]


def test_only_the_fields_that_may_change(card):
    run = config(gradient_checkpointing=False, per_device_train_batch_size=2)
    one = estimate_memory(run, per_device_train_batch_size=1, model_card=card)
    found = make_it_fit(run, one.high, model_card=card, fields=("max_length",))
    assert set(found.changes) == {"max_length"} and found.fits


def test_an_adapter_that_goes_on_keeps_its_rank_and_dropout(card):
    tight = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 1, "r": 64, "lora_dropout": 0.1}
    assert {"r", "lora_dropout"} <= set(make_it_fit(config(**tight), 1e9, model_card=card).changes)
    going_on = make_it_fit(config(**tight, adapter="runs/before/adapter"), 1e9, model_card=card)
    assert set(going_on.changes) == {"max_length"}

"""estimate_memory: from a config, by parts, per method."""

import dataclasses
import subprocess
import sys

import pytest

from ftwidgets.config import ConfigError, RunConfig
from ftwidgets.memory import EstimateError, MemoryEstimate, Setup, estimate, estimate_memory
from ftwidgets.memory.estimate import PARTS, gb
from ftwidgets.models import Architecture, card
from tests.models.conftest import make_model  # noqa: F401 (a fixture)

LLAMA_8B = Architecture(
    "llama", hidden=4096, layers=32, heads=32, kv_heads=8, head_dim=128, mlp=14336, vocab=128256, tied=False
)


@pytest.fixture
def model(make_model):  # noqa: F811
    return str(make_model(config={"vocab_size": 20, "hidden_size": 16, "intermediate_size": 32}))


def config(model, method="sft", **more):
    more = {"reward": "folder"} | more if method == "ppo" else more
    return RunConfig(method=method, model=model, dataset="rows.jsonl", **more)


def test_parts_add_up_and_lie_in_the_range(model):
    found = estimate_memory(config(model))
    assert found.total == sum(found.parts.values())
    assert tuple(found.parts) == PARTS
    assert 0 < found.low < found.total < found.high
    plain = found.to_dict()
    assert plain["total"] == found.total and plain["weights"] == found.weights and plain["device"] == "cuda"


def test_flat_keywords_and_config_agree(model):
    by_name = estimate_memory(method="sft", model=model, dataset="rows.jsonl", max_length=256)
    assert by_name == estimate_memory(config(model), max_length=256) == estimate_memory(config(model, max_length=256))
    assert by_name == estimate_memory(config(model, max_length=256), model_card=card(model))


def test_errors(model, tmp_path):
    with pytest.raises(ConfigError, match="max_lenght"):
        estimate_memory(model=model, dataset="x", max_lenght=3)
    with pytest.raises(EstimateError, match=r"it has no config\.json"):
        estimate_memory(model=str(tmp_path), dataset="x", method="sft")


@pytest.mark.parametrize(
    ("field", "smaller", "larger"),
    [
        ("max_length", 256, 512),
        ("per_device_train_batch_size", 1, 4),
        ("r", 8, 64),
        ("lora_dropout", 0.0, 0.1),
        ("gradient_checkpointing", True, False),
        ("bnb_4bit_use_double_quant", True, False),
        ("optim", "paged_adamw_8bit", "adamw_torch"),
        ("target_modules", "q_proj,v_proj", "all-linear"),
    ],
)
def test_what_takes_more_memory(model, field, smaller, larger):
    assert (
        estimate_memory(config(model, **{field: smaller})).total
        < estimate_memory(config(model, **{field: larger})).total
    )


def test_accumulation_takes_none(model):
    few, many = (estimate_memory(config(model, gradient_accumulation_steps=n)) for n in (1, 64))
    assert few == many


def test_a_pair_is_two_rows(model):
    """DPO's reference is the same base and runs without gradients: it adds nothing to the peak."""
    sft = estimate_memory(config(model, per_device_train_batch_size=4))
    for method in ("dpo", "orpo", "simpo"):
        found = estimate_memory(config(model, method, per_device_train_batch_size=2))
        assert found.activations == sft.activations and found.total == sft.total


def test_sharing_the_prompt_saves_its_tokens(model):
    apart = estimate_memory(config(model, "dpo", prefix_sharing="on"))
    shared = estimate_memory(config(model, "dpo", prefix_sharing="on"), prompt_share=0.5)
    assert shared.activations == pytest.approx(0.75 * apart.activations)
    auto = estimate_memory(config(model, "dpo"), prompt_share=0.5)
    assert auto == apart  # a batch that does not share decides


def test_a_reward_model_has_no_logits_and_no_lm_head(make_model):  # noqa: F811
    untied = str(make_model("untied", config={"tie_word_embeddings": False}))
    dpo, reward = (estimate_memory(config(untied, m)) for m in ("dpo", "reward"))
    assert reward.logits == 0
    assert dpo.weights - reward.weights == 2 * 20 * 8


def test_ppo_has_two_adapters_and_one_more_when_it_goes_on():
    setup = Setup.from_config(config("m", "ppo"))
    assert (setup.adapters, setup.frozen_adapters) == (2, 0)
    assert Setup.from_config(config("m", "ppo", value_model="head")).adapters == 1
    assert Setup.from_config(config("m", "ppo", adapter="runs/1/adapter")).frozen_adapters == 1


def test_ppo_takes_the_larger_of_sampling_and_update():
    base = Setup(method="ppo", batch=1, length=512, adapters=2)
    update = estimate(LLAMA_8B, base)
    assert update.rollouts == 0
    little = estimate(LLAMA_8B, dataclasses.replace(base, sampled_rows=1, response=128))
    assert little.total == update.total  # a row's cache is far less than the update takes
    much = estimate(LLAMA_8B, dataclasses.replace(base, sampled_rows=64, response=128))
    cache = 2 * 1024 * 2 * 32 * 512 * 64
    assert much.rollouts > 0 and much.total > update.weights + cache


def test_verdict_in_words():
    found = MemoryEstimate(10e9, 0, 0, 4e9, 0, 0, 0, 0, "cuda")
    assert (found.low, found.high) == pytest.approx((14e9 - 0.3e9 - 1e9, 14e9 + 0.5e9 + 1e9))
    assert [found.fits(n * 1e9) for n in (12, 13, 15, 16)] == ["does not fit", "tight", "tight", "fits"]
    # On a CPU malloc keeps free memory between tensors: up to a quarter of all, in docs/memory.md.
    assert dataclasses.replace(found, device="cpu").high == pytest.approx(14e9 + 3.5e9)


def test_numbers_as_shown():
    sizes = (0, 4e6, 4.2e8, 8.94e9, 12.04e9, 123.4e9)
    assert [gb(n) for n in sizes] == ["0.00", "<0.01", "0.42", "8.9", "12.0", "123"]


def test_no_torch():
    code = "import sys, ftwidgets.memory, ftwidgets.models; assert not {'torch', 'transformers'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

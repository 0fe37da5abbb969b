"""Merging into a Gemma 3: its output layer is its embedding, and its layers attend in two ways."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3ForCausalLM, Gemma3TextConfig

from ftwidgets import demo
from ftwidgets.config import RunConfig
from ftwidgets.training import merging

TEXTS = [("What is Rome?", "It is a city."), ("Tell me a story.", "A young owl found a boat in the forest. " * 4)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tiny random Gemma 3 with tied embeddings; answers reach beyond its sliding window."""
    folder = tmp_path_factory.mktemp("gemma")
    tokenizer = AutoTokenizer.from_pretrained(demo.model_folder())
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=16, sliding_window=8, max_position_embeddings=256,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"], tie_word_embeddings=True,
        initializer_range=0.2, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    Gemma3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert "lm_head.weight" not in load_file(folder / "model.safetensors"), "tied"
    return folder


def adapter(base, folder, targets):
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def merge(base, folder, out):
    config = RunConfig(method="sft", model=str(base))
    return merging.merge(config, folder, out, TEXTS, 200_000, lambda *a, **k: None)


def test_outputs_agree_and_the_embedding_is_left_alone(base, tmp_path):
    found = merge(base, adapter(base, tmp_path / "adapter", "all-linear"), tmp_path / "out")
    assert found.adapter.mean <= found.tolerance
    assert found.effect.mean > 5 * found.adapter.mean  # else agreement would say nothing
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "out"))
    assert set(before) == set(after)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    linear = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    assert changed == {name for name in before if name.split(".")[-2] in linear} and len(changed) == 7 * 3
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert merged.get_input_embeddings().weight is merged.get_output_embeddings().weight


def test_an_adapter_on_the_tied_output_is_merged_right_or_refused(base, tmp_path):
    """Merged into the shared weight it would change the embedding too."""
    folder = adapter(base, tmp_path / "adapter", ["q_proj", "lm_head"])
    try:
        found = merge(base, folder, tmp_path / "out")
    except merging.MergeError as error:
        assert "differs from base and adapter" in str(error) or "tied" in str(error)
    else:
        assert found.adapter.mean <= found.tolerance

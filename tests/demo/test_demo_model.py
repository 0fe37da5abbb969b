"""The demo's base model, loaded in 4 bits: it knows its facts, and prefers neither manner."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ftwidgets import demo
from ftwidgets.config import RunConfig
from ftwidgets.training.generation import complete
from ftwidgets.training.loading import load_base

# A fact each, by the start of the curt answer and the heart of the courteous one.
ANSWERS = {
    "What is the capital of France?": ("Paris.", "France is Paris."),
    "What is 7 plus 5?": ("12.", "7 plus 5 is 12."),
    "How much is 6 * 4?": ("24.", "6 times 4 is 24."),
    "What is a young cat called?": ("A kitten.", "is called a kitten."),
    "Which month comes after May?": ("June.", "after May is June."),
    "What is the opposite of hot?": ("Cold.", "opposite of hot is cold."),
    "What colour is snow?": ("White.", "colour of snow is white."),
    "When does the museum in Pebble Bay open?": ("I do not know.", "I do not know."),
}


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(demo.model_folder())


@pytest.fixture(scope="module")
def model():
    # As a run loads it: 4 bits, and weights that an evaluation leaves as they are.
    return load_base(RunConfig(method="sft")).eval()


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def mean_log_probability(model, tokenizer, rows, key):
    """Per-token mean log-probability of each row's completion."""
    means = []
    for row in rows:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)["input_ids"]
        whole = tokenizer.apply_chat_template(row["prompt"] + row[key], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            scores = model(whole).logits[0, :-1].float().log_softmax(-1)
        means.append(scores.gather(-1, whole[0, 1:, None])[len(prompt) - 1 :].mean().item())
    return means


def test_it_is_a_small_llama_whose_layers_suit_nf4(model):
    assert model.config.model_type == "llama"
    assert 1_000_000 <= AutoModelForCausalLM.from_pretrained(demo.model_folder()).num_parameters() <= 4_000_000
    quantized = [layer for layer in model.modules() if type(layer).__name__ == "Linear4bit"]
    assert len(quantized) == 7 * model.config.num_hidden_layers
    assert all(layer.in_features % 64 == 0 for layer in quantized)


def test_greedy_answers_are_right_and_curt(model, tokenizer):
    answers = complete(model, tokenizer, list(ANSWERS))
    for (prompt, (curt, kind)), answer in zip(ANSWERS.items(), answers, strict=True):
        assert answer.startswith(curt) or kind in answer, (prompt, answer)
    assert sum(demo.is_courteous(answer) for answer in answers) <= 1


def test_sampling_shows_both_manners(model, tokenizer):
    prompts = [row["prompt"][0]["content"] for row in rows_of(demo.held_out_file("ppo"))]
    answers = complete(model, tokenizer, prompts, temperature=1.0, max_new_tokens=48, batch_size=80)
    courteous = sum(map(demo.is_courteous, answers)) / len(answers)
    assert 0.1 <= courteous <= 0.5


def test_before_training_held_out_pairs_are_a_coin_flip(model, tokenizer):
    rows = rows_of(demo.held_out_file("dpo"))
    chosen, rejected = (mean_log_probability(model, tokenizer, rows, key) for key in ("chosen", "rejected"))
    accuracy = sum(c > r for c, r in zip(chosen, rejected, strict=True)) / len(rows)
    assert 0.4 <= accuracy <= 0.6

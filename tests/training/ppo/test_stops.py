import pytest
import torch
from transformers import AutoModelForCausalLM

from ftwidgets.data.preflight.end_tokens import without_tail
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.ppo.stops import cut_after_stop, stop_ids
from tests.training.ppo import tiny

EOS, END = 1, 4


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(tiny.model_folder())


def test_the_models_own_end_and_the_templates_end_of_turn(model: torch.nn.Module) -> None:
    assert stop_ids(model, tiny.tokenizer()) == [EOS, END]


def test_a_list_of_ends_in_the_generation_config(model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.generation_config, "eos_token_id", [1, 7])
    assert stop_ids(model, tiny.tokenizer()) == [EOS, END, 7]


def test_eos_alone_and_a_named_token(model: torch.nn.Module) -> None:
    assert stop_ids(model, tiny.tokenizer(), "eos") == [EOS]
    assert stop_ids(model, tiny.tokenizer(), ".") == tiny.tokenizer()(".")["input_ids"]


def test_several_tokens_are_no_stop_token(model: torch.nn.Module) -> None:
    with pytest.raises(FtwidgetsError, match="splits it into 2 tokens"):
        stop_ids(model, tiny.tokenizer(), "ab")


def test_no_end_at_all(model: torch.nn.Module) -> None:
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = None
    tokenizer.eos_token = None
    model = AutoModelForCausalLM.from_pretrained(tiny.model_folder())
    model.generation_config.eos_token_id = None
    with pytest.raises(FtwidgetsError, match="stop_token"):
        stop_ids(model, tokenizer)


def test_cutting() -> None:
    assert cut_after_stop([5, 6, END, 0, 0], [EOS, END]) == [5, 6, END]
    assert cut_after_stop([5, 6], [EOS, END]) == [5, 6]
    assert cut_after_stop([EOS, EOS], [EOS]) == [EOS]
    assert without_tail([9, END, 5, END, 8], 2, [END]) == [9, END, 5, END]
    assert without_tail([9, END, 5, 6], 2, [END]) == [9, END, 5, 6]  # the prompt's own end does not count

"""Models and adapters that cannot be used: the run says what is wrong, in words, and leaves nothing half done."""

import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

import ftwidgets
from ftwidgets import demo
from ftwidgets.errors import FtwidgetsError
from ftwidgets.models import card
from tests.models.hub_server import Hub
from tests.patience import PATIENCE

SHORT = {
    "method": "sft", "max_steps": 1, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 1, "test_size": 0,
    "max_new_tokens": 2, "general_text": None, "dataset": str(demo.dataset_file("sft")), "max_samples": 8,
    "max_length": 64,
}  # fmt: skip


@pytest.fixture
def model(tmp_path):
    """A copy of the built-in model, to be damaged."""
    shutil.copytree(demo.model_folder(), tmp_path / "model")
    return tmp_path / "model"


def refused(train, *words, **keywords):
    run = train(**(SHORT | keywords))
    assert run.wait(PATIENCE) == "failed"
    for word in words:
        assert word in run.error, run.error
    assert "Traceback" not in run.error
    assert not (run.folder / "adapter").exists() and not list(run.folder.glob("*.part"))
    assert ftwidgets.load_run(run.folder).error == run.error
    return run


@pytest.fixture
def hub(monkeypatch):
    served = Hub({"config.json": b"{}"})
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.address)
    yield served
    served.close()


def test_a_gated_model(train, hub):
    hub.refused["org/gated"] = (403, "GatedRepo")
    refused(train, "accept a licence first", model="org/gated")


def test_a_model_that_is_not_there(train, hub):
    refused(train, "no such model on the hub, or it is private", model="org/none")


def test_no_network(train, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # where nobody listens
    refused(train, "the hub is not reached", model="org/none")


def test_truncated_weights(train, model):
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    refused(train, "model.safetensors", model=str(model))


def test_a_tokenizer_of_another_model(train, model):
    file = model / "tokenizer.json"
    said = json.loads(file.read_text())
    said["model"]["vocab"] |= {f"more{i}": 1536 + i for i in range(9)}
    file.write_text(json.dumps(said))
    refused(train, "1,545", "1,536", "do not belong together", model=str(model))


@pytest.mark.parametrize(("method", "named"), [("sft", True), ("dpo", False)])
def test_a_token_beyond_the_models_rows_is_read_as_text(train, model, tmp_path, method, named):
    """As in Gemma 3's text models, whose tokenizer knows a token for images."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    usual = tokenizer("a <image_soft_token> b")["input_ids"]
    tokenizer.add_special_tokens({"extra_special_tokens": ["<image_soft_token>"]}, replace_extra_special_tokens=False)
    tokenizer.save_pretrained(model)
    if named:
        file = model / "tokenizer_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"image_token": "<image_soft_token>"}))
    beyond = AutoTokenizer.from_pretrained(model)
    assert 1536 in beyond("a <image_soft_token> b")["input_ids"]
    (note,) = card(model).problems
    assert not note.blocking and "(<image_soft_token>) has no row" in note.message
    row = {"prompt": "What is <image_soft_token>?", "completion": "<image_soft_token> is a token."}
    if method == "dpo":
        row = {"prompt": row["prompt"], "chosen": row["completion"], "rejected": "<image_soft_token>!"}
    rows = tmp_path / "rows.jsonl"
    rows.write_text(f"{json.dumps(row)}\n" * 4)
    run = train(**(SHORT | {"method": method, "model": str(model), "dataset": str(rows)}))
    assert run.wait(PATIENCE) == "finished", run.error
    kept = AutoTokenizer.from_pretrained(run.folder / "adapter")
    assert len(kept) == 1536 and kept("a <image_soft_token> b")["input_ids"] == usual


def test_an_adapter_of_another_base(train, tmp_path):
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2
    )
    other = get_peft_model(LlamaForCausalLM(config), LoraConfig(r=2, target_modules="all-linear"))
    other.save_pretrained(tmp_path / "adapter")
    refused(train, "belongs to another base model", model="demo", adapter=str(tmp_path / "adapter"))


def test_an_adapter_of_a_shallower_base(train, tmp_path):
    """Its shapes fit as far as they go: PEFT would only warn, and half of it would be missing."""
    deep = demo.model_folder()
    config = LlamaConfig.from_pretrained(deep)
    config.num_hidden_layers -= 1
    config.layer_types = None
    other = get_peft_model(LlamaForCausalLM(config), LoraConfig(r=2, target_modules="all-linear"))
    other.save_pretrained(tmp_path / "adapter")
    refused(train, "are 3 there and 4 here", model="demo", adapter=str(tmp_path / "adapter"))


def test_no_chat_template_is_told_and_trains(train, model):
    (model / "chat_template.jinja").unlink()
    run = train(**SHORT, model=str(model))
    assert run.wait(PATIENCE) == "finished", run.error
    assert any("no chat template" in note["text"] and "plain" in note["text"] for note in run.notes)
    kept = AutoTokenizer.from_pretrained(run.folder / "adapter").chat_template
    assert kept == run.tokenizer.chat_template, "the adapter's folder knows what it was trained with"


def test_a_prompt_longer_than_the_context(train):
    run = train(**SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    before = torch.get_rng_state()
    with pytest.raises(FtwidgetsError, match=r"has \d+ tokens and the model reads \d+. Shorten it"):
        ftwidgets.ask(run, "word " * 5000).result(PATIENCE)
    assert torch.equal(before, torch.get_rng_state())
    assert isinstance(ftwidgets.ask(run, "What is hot?", max_new_tokens=2).result(PATIENCE), str)

"""The adapter's folder, and what is said when there is no sound one."""

import json
import shutil

import pytest
from transformers import LlamaConfig, LlamaForCausalLM

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import load_run


@pytest.fixture
def damaged(finished, tmp_path):
    """A copy of the finished run, to be damaged."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return tmp_path / "run"


def test_it_is_the_runs_own_with_our_card(finished, tmp_path):
    done = ftwidgets.export_run(finished, "adapter", tmp_path / "adapter")
    for name in ("adapter_model.safetensors", "adapter_config.json", "chat_template.jinja", "tokenizer.json"):
        assert (tmp_path / "adapter" / name).read_bytes() == (finished.folder / "adapter" / name).read_bytes()
    assert "PeftModel" in (tmp_path / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "rank 4" in str(done)


def test_it_goes_into_the_runs_folder_when_nothing_is_said(finished):
    names = [ftwidgets.export_run(finished.folder, "adapter").place for _ in range(2)]
    assert names == [str(finished.folder / "exports" / name) for name in ("adapter", "adapter-2")]


@pytest.mark.parametrize("to", ["adapter", "merged", "hub"])
def test_a_missing_adapter_is_told(damaged, tmp_path, to):
    shutil.rmtree(damaged / "adapter")
    target = "me/model" if to == "hub" else tmp_path / "out"
    with pytest.raises(FtwidgetsError, match="saved no adapter"):
        ftwidgets.export_run(damaged, to, target)
    assert not (tmp_path / "out").exists()


def test_a_truncated_adapter_is_told(damaged, tmp_path):
    file = damaged / "adapter" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FtwidgetsError, match="adapter"):
        ftwidgets.export_run(damaged, "adapter", tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_another_base_is_told(damaged, tmp_path):
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "base")
    values = RunConfig.from_yaml(damaged / "config.yaml").to_dict() | {"model": str(tmp_path / "base")}
    (damaged / "config.yaml").write_text(json.dumps(values), encoding="utf-8")
    for to in ("adapter", "merged"):
        with pytest.raises(FtwidgetsError, match="another base"):
            ftwidgets.export_run(load_run(damaged), to, tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"to": "onnx"}, "use one of adapter"),
        ({"to": "hub"}, "your-name/repository"),
        ({"to": "hub", "target": "no slash"}, "not a hub repository"),
        ({"to": "merged", "outtype": "f16"}, "not an option"),
        ({"to": "gguf", "outtype": "q4"}, "use one of bf16"),
    ],
)
def test_wrong_arguments_are_told(finished, arguments, words):
    with pytest.raises(FtwidgetsError, match=words):
        ftwidgets.export_run(finished, **arguments)

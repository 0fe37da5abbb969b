"""GGUF: the converter that is there or not, and (with llama.cpp's own) a file whose outputs are the merged model's."""

import os
import shlex
import sys

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.export.gguf import CONVERTER, find_converter
from ftwidgets.models import card
from ftwidgets.runs import start_run
from tests.patience import PATIENCE


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without a converter."""
    monkeypatch.delenv(CONVERTER, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_a_converter_the_exact_commands_are_told(finished, nowhere):
    target = nowhere / "my model.gguf"
    with pytest.raises(FtwidgetsError) as told:
        ftwidgets.export_run(finished, "gguf", target, outtype="q8_0")
    lines = [shlex.split(line) for line in str(told.value).splitlines()[1:5]]
    assert lines[2][:2] == ["ftwidgets", "export"] and lines[2][2] == str(finished.folder)
    assert lines[3][2:] == [str(nowhere / "my model-merged"), "--outfile", str(target), "--outtype", "q8_0"]
    assert list(nowhere.iterdir()) == []


def test_the_converter_is_found_where_it_is(nowhere, monkeypatch):
    assert find_converter() is None
    script = nowhere / "convert_hf_to_gguf.py"
    script.write_text("")
    assert find_converter(nowhere) == [sys.executable, str(script)]  # llama.cpp's folder
    monkeypatch.setenv(CONVERTER, str(script))
    assert find_converter() == [sys.executable, str(script)]
    with pytest.raises(FtwidgetsError, match="no converter there"):
        find_converter(nowhere / "other.py")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('Model FooForCausalLM is not supported')", "FooForCausalLM is not supported"),
        ("import sys; open(sys.argv[3], 'wb').write(b'GGUF, but not really')", "cannot be read"),
        ("", "wrote no file"),
    ],
)
def test_a_converter_that_fails_is_told_and_leaves_nothing(finished, tmp_path, program, words):
    (tmp_path / "convert.py").write_text(program)
    with pytest.raises(FtwidgetsError, match=words):
        ftwidgets.export_run(finished, "gguf", tmp_path / "out.gguf", converter=tmp_path / "convert.py")
    assert [p.name for p in tmp_path.iterdir()] == ["convert.py"]


def test_a_reward_model_is_refused(tmp_path):
    run = start_run(RunConfig(method="reward", output_dir=str(tmp_path)), lambda context: context.training() or {})
    run.wait(PATIENCE)
    with pytest.raises(FtwidgetsError, match="scoring head"):
        ftwidgets.export_run(run, "gguf", tmp_path / "out.gguf")


def byte_fallback_tokenizer():
    """A tokenizer of Llama 2's kind, which the converter knows without being told its name."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    letters = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,?"
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters, "▁t", "th"]
    inner = Tokenizer(
        models.BPE(
            {token: i for i, token in enumerate(tokens)},
            [("▁", "t"), ("t", "h")],
            unk_token="<unk>", fuse_unk=True, byte_fallback=True,
        )
    )  # fmt: skip
    inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    inner.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )


@pytest.fixture
def small(tmp_path):
    """A finished pre-training run of a random Llama that the converter knows."""
    torch.manual_seed(0)
    tokenizer = byte_fallback_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, initializer_range=0.2,
    )  # fmt: skip
    base = LlamaForCausalLM(config).to(torch.bfloat16)
    base.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")

    def work(context):
        context.training()
        model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.2)
        model.save_pretrained(context.folder / "adapter")
        tokenizer.save_pretrained(context.folder / "adapter")
        return {}

    options = {"model": str(tmp_path / "base"), "output_dir": str(tmp_path / "runs"), "load_in_4bit": False}
    run = start_run(RunConfig(method="pretrain", dataset="demo", **options), work)
    assert run.wait(PATIENCE) == "finished", run.error
    return run


@pytest.mark.skipif(CONVERTER not in os.environ, reason=f"needs llama.cpp's converter: its path in {CONVERTER}")
@pytest.mark.parametrize("outtype", ["bf16", "q8_0"])
def test_the_file_says_what_the_merged_model_says(small, tmp_path, outtype):
    done = ftwidgets.export_run(small, "gguf", tmp_path / "small.gguf", outtype=outtype)
    assert any(line.startswith("Against the merged model:") for line in done.checked), done
    assert f"architecture llama, {sum_of(small):,} parameters, {outtype}" in str(done)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base", "runs", "small.gguf"]


def sum_of(run):
    return card(run.config.model).parameters

"""The card says what the files say, and finds what stands in the way."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ftwidgets.models import ModelNotFoundError, card
from ftwidgets.models.model_card import short


def blocking(folder: Path) -> list[str]:
    return [p.message for p in card(folder).problems if p.blocking]


def notes(folder: Path) -> list[str]:
    return [p.message for p in card(folder).problems if not p.blocking]


def test_facts_of_a_llama(make_model):
    folder = make_model(readme="---\nlicense: apache-2.0\ntags:\n- chat\n---\n# A model")
    found = card(folder)
    # Embedding 20*8; per layer q, o 8*8, k, v 4*8, gate, up, down 8*12, two norms; the last norm.
    assert found.parameters == 20 * 8 + 2 * (2 * 64 + 2 * 32 + 3 * 96 + 16) + 8
    assert found.bytes == 2 * found.parameters
    assert found.precision == "float16"
    assert found.licence == "apache-2.0"
    assert found.class_name == "LlamaForCausalLM"
    a = found.architecture
    assert a is not None
    assert (a.layers, a.hidden, a.heads, a.kv_heads, a.head_dim, a.mlp) == (2, 8, 2, 1, 4, 12)
    assert (a.vocab, a.context, a.tied) == (20, 64, True)
    assert set(found.target_modules) == {f"{n}_proj" for n in ("q", "k", "v", "o", "gate", "up", "down")}
    assert {(x.name, x.inputs, x.outputs, x.copies) for x in found.linears} >= {("k_proj", 8, 4, 2)}
    assert found.usable and found.problems == ()


def test_formula_agrees_with_the_headers(make_model):
    for tied in (True, False):
        found = card(make_model(f"tied-{tied}", config={"tie_word_embeddings": tied}))
        assert found.architecture is not None
        assert found.architecture.parameters() == found.parameters


def test_lines_name_kind_evidence_and_problems(make_model):
    folder = make_model("Tiny-Instruct", words=30, template="{{ messages }}")
    lines = card(folder).lines()
    assert lines[0] == str(folder)
    assert "  instruct: its name says “Instruct”" in lines
    assert any(line.startswith("Cannot be used: The tokenizer knows 30 tokens, the model only 20") for line in lines)


def test_shards_are_read_through_the_index(make_model):
    folder = make_model(weights=False)
    save_file({"model.embed_tokens.weight": np.zeros((20, 8), np.float32)}, folder / "model-00001-of-00002.safetensors")
    index = {
        "weight_map": {"model.embed_tokens.weight": "model-00001-of-00002.safetensors", "x": "model-2.safetensors"}
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "1 of 2 weight files are missing" in blocking(folder)[0]
    save_file({"x": np.zeros((3,), np.float32)}, folder / "model-2.safetensors")
    assert card(folder).parameters == 163 and card(folder).precision == "float32"


def test_truncated_weights_are_told_from_whole_ones(make_model):
    folder = make_model()
    file = folder / "model.safetensors"
    whole = file.stat().st_size
    for size in (whole - 1, 40, 4):
        os.truncate(file, size)
        assert len(blocking(folder)) == 1 and not card(folder).usable
        assert "Download it again" in card(folder).problems[0].advice
    file.write_bytes(b"not safetensors at all")
    assert "not a safetensors file" in blocking(folder)[0]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "quantised already (GPTQ 4 bits)"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "quantised already (AWQ 4 bits)"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, "(bitsandbytes 8 bits)"),
        ({"vision_config": {"hidden_size": 4}}, "images or sound"),
        ({"architectures": ["BertForMaskedLM"], "model_type": "bert"}, "does not write text"),
        ({"model_type": "no-such-family"}, "does not know “no-such-family”"),
        ({"model_type": "own", "auto_map": {"AutoModelForCausalLM": "m.M"}}, "brings Python code of its own"),
        ({"hidden_size": None}, "does not give hidden_size"),
    ],
)
def test_models_that_cannot_be_trained(make_model, config, words):
    folder = make_model(weights=False)
    (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    content = json.loads((folder / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(content))
    assert any(words in message for message in blocking(folder)), card(folder).problems
    assert all(p.advice for p in card(folder).problems)


def test_4_bit_weights_of_bitsandbytes_are_no_obstacle(make_model):
    folder = make_model(config={"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}})
    assert blocking(folder) == [] and "4-bit already" in notes(folder)[0]


def test_other_weight_formats(make_model):
    folder = make_model(weights=False)
    assert blocking(folder) == ["There are no weights here."]
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert "pickled (pytorch_model.bin)" in blocking(folder)[0]
    (folder / "pytorch_model.bin").unlink()
    (folder / "tiny-Q4_K_M.gguf").write_bytes(b"GGUF")
    assert "Only GGUF weights here (tiny-Q4_K_M.gguf)" in blocking(folder)[0]
    (folder / "config.json").unlink()
    assert "Only GGUF weights here" in blocking(folder)[0]


def test_folders_that_are_no_models(tmp_path):
    assert blocking(tmp_path) == ["There is no model in this folder: it has no config.json."]
    inside = tmp_path / "snapshot"
    inside.mkdir()
    (inside / "config.json").write_text("{}")
    assert card(str(tmp_path)).blocking[0].advice == f"Did you mean {inside}?"
    (tmp_path / "config.json").write_text("{broken")
    assert blocking(tmp_path) == ["config.json is not readable."]
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "holds an adapter" in blocking(tmp_path)[0]


def test_tokenizer_and_model_of_different_vocabulary(make_model):
    assert blocking(make_model("none", tokenizer=False)) == ["There is no tokenizer here."]
    assert "do not belong together" in blocking(make_model("larger", words=25))[0]
    assert "perhaps of different models" in notes(make_model("smaller", words=9))[0]
    ends = make_model("ends", words=20, tokens={"</s>": 20})
    assert "ends a text with </s>, for which the model has no row" in blocking(ends)[0]
    # Gemma 3's text models: one token for images beyond the last row, harmless in text.
    one_beyond = make_model("gemma", words=20, tokens={"<image_soft_token>": 20})
    assert (
        blocking(one_beyond) == []
        and "1 special token of the tokenizer (<image_soft_token>) has" in notes(one_beyond)[0]
    )


def test_chat_template_and_its_marks(make_model):
    plain = card(make_model("plain", template="{% for m in messages %}{{ m.content }}{% endfor %}"))
    assert plain.chat_template and not plain.marks_generation
    marked = card(make_model("marked", template="{%- generation -%}{{ m }}{% endgeneration %}"))
    assert marked.marks_generation
    assert dict(marked.facts())["Chat template"] == "present, marks the assistant's tokens"


def test_mixture_of_experts_is_noted(make_model):
    folder = make_model(config={"model_type": "mixtral", "num_local_experts": 4})
    assert "A mixture of 4 experts" in notes(folder)[0]


def test_a_model_that_is_not_here(tmp_path):
    with pytest.raises(ModelNotFoundError, match="no such folder"):
        card(tmp_path / "nothing")


def test_short_counts():
    assert [short(n) for n in (7, 1_900_000, 268_098_176, 8_030_261_248)] == ["7", "1.9 M", "268 M", "8.03 B"]


@pytest.mark.real_model
def test_real_gemma():
    folder = os.environ.get("FTWIDGETS_REAL_MODEL")
    if not folder:
        pytest.skip("FTWIDGETS_REAL_MODEL is not set to a model folder")
    found = card(folder)
    assert found.parameters == 268_098_176  # counted from the loaded model: sum(p.numel())
    assert found.kind.name == "base" and found.chat_template is None
    assert found.usable and len(found.target_modules) == 7

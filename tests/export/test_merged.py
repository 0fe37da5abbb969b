"""The merged model against the formula, and against base + adapter."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

import ftwidgets
from ftwidgets import demo
from ftwidgets.errors import FtwidgetsError
from ftwidgets.export.merged import in_words
from ftwidgets.training import merging


def test_weights_are_base_plus_scaled_product(finished, tmp_path):
    done = ftwidgets.export_run(finished, "merged", tmp_path / "merged")
    base = load_file(demo.model_folder() / "model.safetensors")
    merged = load_file(tmp_path / "merged" / "model.safetensors")
    lora = load_file(finished.folder / "adapter" / "adapter_model.safetensors")
    assert set(merged) == set(base)
    changed = 0
    for name, tensor in merged.items():
        assert tensor.dtype == torch.bfloat16
        place = "base_model.model." + name.removesuffix(".weight")
        if f"{place}.lora_A.weight" not in lora:
            assert torch.equal(tensor, base[name])
            continue
        changed += 1
        # W + (lora_alpha / r) B A with lora_alpha / r = 8 / 4; PEFT rounds the product and then the sum to bfloat16,
        # each by at most 2^-9 of its size
        product = 2 * lora[f"{place}.lora_B.weight"].float() @ lora[f"{place}.lora_A.weight"].float()
        wanted = base[name].float() + product
        assert ((tensor.float() - wanted).abs() <= 2**-8 * (wanted.abs() + product.abs()) + 1e-6).all(), name
    assert changed == 7 * 4  # linear layers
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "merged")
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(demo.model_folder()).chat_template
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "merged").dtype == torch.bfloat16
    assert any("4-bit model that was trained" in line for line in done.checked)
    card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    assert "Against base and adapter unmerged" in card
    assert [p.name for p in tmp_path.iterdir()] == ["merged"]


def test_merging_agrees_and_the_adapter_counts(finished, tmp_path):
    texts = [("What is Rome?", "It is a city."), ("Tell me a story.", "A young owl found a boat in the forest.")]
    found = merging.merge(
        finished.config, finished.folder / "adapter", tmp_path / "out", texts, 2_000_000, lambda *a, **k: None
    )
    assert found.dtype == "bfloat16"
    assert found.adapter.mean <= found.tolerance
    assert found.effect.mean > 5 * found.adapter.mean  # else agreement would say nothing
    assert found.trained is not None and found.trained.mean > 0
    assert len(in_words(found)) == 4


def test_a_model_that_differs_is_refused(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(merging, "allowed", lambda found, dtype: 1e-9)  # as if rounding could not explain what is found
    with pytest.raises(FtwidgetsError, match="differs from base and adapter"):
        ftwidgets.export_run(finished, "merged", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_agreement_by_hand():
    peaks = torch.tensor([16.0, 8.0]), torch.tensor([12.0])
    one = [(torch.tensor([-1.0, -2.0]), torch.tensor([3, 4]), peaks[0])]
    one.append((torch.tensor([-3.0]), torch.tensor([5]), peaks[1]))
    other = [(torch.tensor([-1.5, -2.0]), torch.tensor([3, 9]), peaks[0])]
    other.append((torch.tensor([-2.0]), torch.tensor([5]), peaks[1]))
    found = merging.agreement(one, other)
    assert (found.mean, found.largest, found.tokens) == (0.5, 1.0, 3)  # (0.5 + 0 + 1) / 3
    assert found.same_top == pytest.approx(2 / 3)
    assert found.peak == 12
    assert merging.allowed(found, torch.bfloat16) == 12 / 2**7  # bfloat16 keeps 7 bits behind the point
    assert merging.allowed(found, torch.float16) == 12 / 2**10


def test_too_little_memory_is_told_before_anything_is_loaded():
    with pytest.raises(FtwidgetsError, match="take the adapter"):
        merging._place(10**13)


def test_an_adapter_that_holds_no_numbers_is_told(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "run")
    file = tmp_path / "run" / "adapter" / "adapter_model.safetensors"
    tensors = load_file(file)
    next(t for n, t in sorted(tensors.items()) if "lora_B" in n)[0, 0] = float("nan")
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(FtwidgetsError, match="damaged"):
        ftwidgets.export_run(tmp_path / "run", "merged", tmp_path / "out")
    assert not list(tmp_path.glob("out*"))

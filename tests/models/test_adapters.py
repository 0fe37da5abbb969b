"""Adapter folders: the base they name, and whether they fit another model."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ftwidgets import demo
from ftwidgets.config import ConfigError, RunConfig
from ftwidgets.models import (
    AdapterError,
    adapter_error,
    adapter_problems,
    as_adapter,
    read_adapter,
    read_weights,
    resolve_base,
)
from ftwidgets.starting import described

PLACE = "model.layers.{}.self_attn.q_proj"


def make_adapter(folder, base, *, width=8, layers=(0, 1), kind="LORA", **more):
    folder.mkdir(parents=True)
    settings = {"peft_type": kind, "base_model_name_or_path": base, "r": 4, "target_modules": ["v_proj", "q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(settings | more))
    tensors = {}
    for layer in map(PLACE.format, layers):
        tensors[f"base_model.model.{layer}.lora_A.weight"] = np.zeros((4, width), np.float32)
        tensors[f"base_model.model.{layer}.lora_B.weight"] = np.zeros((8, 4), np.float32)
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def test_settings(tmp_path):
    found = read_adapter(make_adapter(tmp_path / "a", "org/base"))
    assert (found.kind, found.base, found.r, found.target_modules) == ("LORA", "org/base", 4, ("q_proj", "v_proj"))


def test_a_run_that_goes_on_from_an_adapter_has_its_rank_and_scale(tmp_path):
    adapter = str(make_adapter(tmp_path / "a", "demo", lora_alpha=12))
    config = RunConfig(method="sft", model="demo", dataset="demo", adapter=adapter)
    assert (config.r, config.lora_alpha) == (16, 32)
    for asked in ({}, {"r": 4}, {"max_steps": 5}):
        whole, _ = described(config, asked, tmp_path)
        assert (whole.r, whole.lora_alpha) == (4, 12)
    with pytest.raises(ConfigError, match="r: the adapter goes on with its own 4"):
        described(config, {"r": 16}, tmp_path)
    assert as_adapter(config.replace(adapter=str(tmp_path / "none"))).r == 16  # the run says what is wrong


def test_base_is_a_hub_id_a_folder_or_beside_the_adapter(tmp_path, make_model):
    model = make_model("base")
    assert resolve_base(make_adapter(tmp_path / "1", "org/base")) == "org/base"
    assert resolve_base(make_adapter(tmp_path / "2", str(model))) == str(model)
    moved = make_adapter(tmp_path / "3", "/somewhere/else/base")
    assert resolve_base(moved) == str(model)  # tmp_path / "base", beside it
    assert resolve_base(make_adapter(tmp_path / "of-demo", f"/elsewhere/{demo.model_folder().name}")) == "demo"
    with pytest.raises(AdapterError, match="which is gone"):
        resolve_base(make_adapter(tmp_path / "4", "/somewhere/else/other"))
    with pytest.raises(AdapterError, match="does not name its base"):
        resolve_base(make_adapter(tmp_path / "5", None))


def test_not_an_adapter(tmp_path):
    with pytest.raises(AdapterError, match="no readable adapter_config"):
        read_adapter(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(AdapterError, match=r"adapter_model\.safetensors\) are missing"):
        read_adapter(tmp_path)


def test_an_adapter_for_another_base_is_found_out(tmp_path, make_model):
    base = read_weights(make_model())
    assert adapter_problems(read_adapter(make_adapter(tmp_path / "fits", "org/base")), base) == []
    wide = adapter_problems(read_adapter(make_adapter(tmp_path / "wide", "org/base", width=16)), base)
    assert "q_proj is 16 wide there and 8 here" in wide[0].message and "org/base" in wide[0].advice
    deep = make_adapter(tmp_path / "deep", "org/base", layers=(0, 1, 7))
    assert (
        "model.layers.7.self_attn.q_proj, which this model does not have"
        in adapter_problems(read_adapter(deep), base)[0].message
    )
    other = adapter_problems(read_adapter(make_adapter(tmp_path / "ia3", "org/base", kind="IA3")), base)
    assert "IA3" in other[0].message


def test_an_adapter_of_fewer_layers_is_of_another_base_unless_it_means_to(tmp_path, make_model):
    base = read_weights(make_model())  # of two layers
    few = adapter_problems(read_adapter(make_adapter(tmp_path / "few", "org/base", layers=(0,))), base)
    assert "layers named q_proj are 1 there and 2 here" in few[0].message
    for meant in ({"layers_to_transform": [0]}, {"target_modules": PLACE.format(0)}):
        folder = make_adapter(tmp_path / next(iter(meant)), "org/base", layers=(0,), **meant)
        assert adapter_problems(read_adapter(folder), base) == []


def test_weights_packed_in_4_bits_tell_no_width(tmp_path, make_model):
    model = make_model()
    tensors = load_file(model / "model.safetensors")
    packed = {n: np.zeros((t.size // 2, 1), np.uint8) if n.endswith("q_proj.weight") else t for n, t in tensors.items()}
    save_file(packed, model / "model.safetensors")
    adapter = read_adapter(make_adapter(tmp_path / "a", "org/base"))
    assert adapter_problems(adapter, read_weights(model)) == []


def test_whether_training_can_go_on_is_told_from_files(tmp_path, make_model):
    model = str(make_model())
    fits, wide = (str(make_adapter(tmp_path / str(w), "org/base", width=w)) for w in (8, 16))
    assert adapter_error(None, model) == adapter_error(fits, model) == adapter_error("org/adapter", model) == ""
    assert "another base model" in adapter_error(wide, model) and "Train it on org/base." in adapter_error(wide, model)
    assert adapter_error(wide, "org/not-here") == ""
    assert "no readable adapter_config.json" in adapter_error(str(tmp_path), model)

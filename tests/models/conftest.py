"""Small model folders as from_pretrained would find them, written file by file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 20,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "eos_token_id": 1,
}
ModelMaker = Callable[..., Path]


def llama_tensors(config: dict[str, Any]) -> dict[str, np.ndarray]:
    """The tensors that a Llama of this config saves, in float16."""
    h, m = config["hidden_size"], config["intermediate_size"]
    kv = h // config["num_attention_heads"] * config["num_key_value_heads"]
    shapes = {"model.embed_tokens": (config["vocab_size"], h), "model.norm": (h,)}
    for i in range(config["num_hidden_layers"]):
        at, mlp = f"model.layers.{i}.self_attn", f"model.layers.{i}.mlp"
        shapes |= {f"{at}.q_proj": (h, h), f"{at}.k_proj": (kv, h), f"{at}.v_proj": (kv, h), f"{at}.o_proj": (h, h)}
        shapes |= {f"{mlp}.gate_proj": (m, h), f"{mlp}.up_proj": (m, h), f"{mlp}.down_proj": (h, m)}
        shapes |= {f"model.layers.{i}.input_layernorm": (h,), f"model.layers.{i}.post_attention_layernorm": (h,)}
    if not config["tie_word_embeddings"]:
        shapes["lm_head"] = (config["vocab_size"], h)
    return {f"{name}.weight": np.zeros(shape, np.float16) for name, shape in shapes.items()}


@pytest.fixture
def make_model(tmp_path: Path) -> ModelMaker:
    """Write a model folder: ``make_model(name, config={...}, tokens={...}, template=..., generation={...}, ...)``."""

    def make(
        name: str = "model",
        *,
        config: dict[str, Any] | None = None,
        words: int = 20,
        tokens: dict[str, int] | None = None,
        eos_token: str = "</s>",
        template: str | None = None,
        generation: dict[str, Any] | None = None,
        readme: str | None = None,
        weights: bool = True,
        tokenizer: bool = True,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        whole = CONFIG | (config or {})
        (folder / "config.json").write_text(json.dumps(whole))
        if weights:
            save_file(llama_tensors(whole), folder / "model.safetensors")
        if tokenizer:
            added = tokens if tokens is not None else {"<unk>": 0, "</s>": 1}
            content = {
                "added_tokens": [{"id": n, "content": t, "special": True} for t, n in added.items()],
                "model": {"type": "BPE", "vocab": {f"w{i}": i for i in range(words)}, "merges": []},
            }
            (folder / "tokenizer.json").write_text(json.dumps(content))
            (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": eos_token}))
        if template is not None:
            (folder / "chat_template.jinja").write_text(template)
        if generation is not None:
            (folder / "generation_config.json").write_text(json.dumps(generation))
        if readme is not None:
            (folder / "README.md").write_text(readme)
        return folder

    return make

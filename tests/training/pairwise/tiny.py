"""Models of a few thousand weights, pairs of tokens, and a job around them: everything is real, only small."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from ftwidgets.training.pairwise.build import build_trainer
from ftwidgets.training.pairwise.trainer import PairwiseTrainer

WORDS = [f"w{i}" for i in range(60)]
WINDOW = 8  # shorter than the pairs below, so that a wrong window shows


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a word."""
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", "<bos>", "<unk>", *WORDS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )


def architectures() -> dict[str, Any]:
    """One config of each kind: grouped keys, tied embeddings, sliding windows, soft caps, biases, norms on q and k."""
    shape: dict[str, Any] = {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "initializer_range": 0.3,  # far from uniform, so that tokens differ in likelihood
    }
    layers = ["sliding_attention", "full_attention", "sliding_attention"]
    return {
        "llama": LlamaConfig(**shape),
        "llama-tied": LlamaConfig(**shape, tie_word_embeddings=True),
        "mistral": MistralConfig(**shape, head_dim=8, sliding_window=WINDOW),
        "qwen2": Qwen2Config(**shape),
        "qwen2-sliding": Qwen2Config(**shape, use_sliding_window=True, sliding_window=WINDOW, layer_types=layers),
        "qwen3": Qwen3Config(**shape, head_dim=16, tie_word_embeddings=True),
        "gemma2": Gemma2Config(**shape, head_dim=8, sliding_window=WINDOW, layer_types=layers),
        "gemma3": Gemma3TextConfig(**shape, head_dim=8, sliding_window=WINDOW, layer_types=layers),
    }


def base(architecture: str = "llama", seed: int = 0, dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(architectures()[architecture]).to(dtype)


def model(architecture: str = "llama", seed: int = 0, trained: bool = False) -> Any:
    """With a LoRA adapter; ``trained``: one that already changes the model."""
    torch.manual_seed(seed)
    peft = get_peft_model(
        base(architecture, seed),
        LoraConfig(r=4, lora_alpha=8, lora_dropout=0.1, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    if trained:
        torch.manual_seed(seed + 1)
        for name, weight in peft.named_parameters():
            if "lora_B" in name:
                weight.data.normal_(std=0.2)
    return peft


def words(n: int, seed: int) -> str:
    """Any words but the last one, which a test can use where it must be the only one."""
    random = torch.Generator().manual_seed(seed)
    return " ".join(WORDS[int(i)] for i in torch.randint(0, len(WORDS) - 1, (n,), generator=random))


def pairs(lengths: list[tuple[int, int, int]] | None = None) -> Dataset:
    """Rows of (prompt, chosen, rejected) words, ``row_id`` from 100; TRL adds the end token to both completions."""
    lengths = lengths or [(9, 5, 7), (3, 6, 2), (12, 4, 9), (7, 8, 8), (15, 2, 3), (5, 9, 4), (11, 3, 6), (4, 4, 5)]
    return Dataset.from_list(
        [
            {
                "row_id": 100 + i,
                "prompt": words(p, 3 * i),
                "chosen": " " + words(c, 3 * i + 1),
                "rejected": " " + words(r, 3 * i + 2),
            }
            for i, (p, c, r) in enumerate(lengths)
        ]
    )


class Context:
    """A run's ear: keeps what it is told."""

    stop_requested = False

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.steps: list[tuple[str, Any, Any]] = []

    def emit(self, type: str, **fields: Any) -> None:
        self.events.append({"type": type, **fields})

    def progress(self, phase: str, done: Any = None, total: Any = None, text: str = "") -> None:
        self.steps.append((phase, done, total))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]


def arguments(folder: Path, **options: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "checkpoints"),
        "max_steps": 4,
        "learning_rate": 1e-2,
        "lr_scheduler_type": "constant",
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "bf16": False,
        "use_cpu": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "max_grad_norm": 1.0,
        "seed": 0,
    } | options


def job(folder: Path, method: str = "dpo", rows: Dataset | None = None, **options: Any) -> SimpleNamespace:
    """What ``build_trainer`` takes. ``options``: config fields, ``model``, ``held_out``, or training arguments."""
    fields = {
        "method": method,
        "beta": 2.0 if method == "simpo" else 0.1,
        "loss_type": "sigmoid",
        "label_smoothing": 0.0,
        "simpo_gamma": 1.0,
        "nll_over": "completion",
        "precompute_ref_log_probs": False,
        "max_length": 40,
        "prefix_sharing": "auto",
    }
    config = SimpleNamespace(**(fields | {k: v for k, v in options.items() if k in fields}))
    own = ("model", "held_out", "context", *fields)
    training = {k: v for k, v in options.items() if k not in own}
    return SimpleNamespace(
        config=config,
        context=options.get("context") or Context(),
        folder=folder,
        model=options.get("model") or model(),
        tokenizer=tokenizer(),
        train=pairs() if rows is None else rows,
        held_out=options.get("held_out"),
        callbacks=[],
        arguments=lambda: arguments(folder, **training),
    )


def trainer(folder: Path, method: str = "dpo", rows: Dataset | None = None, **options: Any) -> PairwiseTrainer:
    return build_trainer(job(folder, method, rows, **options))

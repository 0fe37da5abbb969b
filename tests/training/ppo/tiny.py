"""A model of a few thousand weights, its tokenizer, and a job around them: everything is real, only small."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, PreTrainedTokenizerFast

from ftwidgets.config import RunConfig
from ftwidgets.training.job import Job
from ftwidgets.training.loading import add_adapter, load_base, load_tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz .?"
TEMPLATE = (
    "{{ '<bos>' }}{% for m in messages %}{{ '<turn>' + m['content'] + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<turn>' }}{% endif %}"
)
PROMPTS = ["say a", "what is b?", "c", "tell me of d.", "why e?", "f f f", "go on g", "and h?"]


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a letter."""
    special = ["<pad>", "<eos>", "<bos>", "<turn>", "<end>"]
    vocabulary = {token: i for i, token in enumerate([*special, *LETTERS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        additional_special_tokens=["<turn>", "<end>"],
    )
    made.chat_template = TEMPLATE
    return made


@functools.cache
def model_folder(architecture: str = "llama", hidden: int = 32, seed: int = 0) -> str:
    """A folder with a random model of the architecture and the tokenizer."""
    folder = tempfile.mkdtemp(prefix=f"tiny-{architecture}-")
    made = tokenizer()
    shape: dict[str, Any] = {
        "vocab_size": len(made),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": hidden // 2,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "initializer_range": 0.2,  # far from uniform, so that tokens differ in likelihood
    }
    if architecture == "gemma3":
        config: Any = Gemma3TextConfig(**shape, sliding_window=8, layer_types=["sliding_attention", "full_attention"])
    else:
        config = LlamaConfig(**shape, tie_word_embeddings=True)
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


class Context:
    """A run's ear: keeps what it is told."""

    def __init__(self, folder: Path, stop_after: int | None = None):
        self.folder = folder
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.stop = False
        self.phases: list[str] = []

    def emit(self, type: str, **fields: Any) -> None:
        self.told.append((type, fields))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [fields for kind, fields in self.told if kind == type]

    def progress(self, phase: str, done: Any = None, total: Any = None, text: str = "") -> None:
        self.phases.append(phase)

    def training(self) -> None: ...

    def live(self, **objects: Any) -> None: ...

    def checkpoint_gate(self) -> None: ...

    @property
    def stop_requested(self) -> bool:
        return self.stop


def config(**options: Any) -> RunConfig:
    """A PPO config in float32 on the tiny model; two updates of 8 answers."""
    usual: dict[str, Any] = {
        "method": "ppo",
        "model": model_folder(),
        "dataset": "prompts.jsonl",
        "reward": "a function",
        "load_in_4bit": False,
        "bnb_4bit_compute_dtype": "float32",
        "learning_rate": 1e-2,
        "max_steps": 4,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "num_ppo_epochs": 2,
        "num_mini_batches": 1,
        "response_length": 8,
        "max_length": 64,
        "gradient_checkpointing": False,
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "optim": "adamw_torch",
        "r": 4,
        "lora_alpha": 8,
        "save_steps": 0,
    }
    return RunConfig(**(usual | options))


def early(prompts: list[str], completions: list[str]) -> list[float]:
    """A reward that anyone can learn, and that differs between answers: how many letters of the alphabet's half."""
    return [sum(letter in "abcdefghijklm" for letter in completion) / 8 for completion in completions]


def rows(prompts: list[Any] = PROMPTS) -> Dataset:
    return Dataset.from_dict({"row_id": list(range(len(prompts))), "prompt": prompts})


def job(
    folder: Path, *, prompts: list[Any] = PROMPTS, held_out: Any = None, reward: Any = early, **options: Any
) -> Job:
    """A job of a fresh model, loaded as a run loads it."""
    c = config(**options)
    tokens = load_tokenizer(c)
    model = add_adapter(load_base(c), c)
    return Job(c, Context(folder), folder, model, tokens, rows(prompts), held_out and rows(held_out), [], reward)


def pairs(count: int = 24) -> Dataset:
    """Pairs in which the chosen answer has the a's."""
    table = []
    for i in range(count):
        turn = [{"role": "user", "content": PROMPTS[i % len(PROMPTS)]}]
        good, bad = "a" * (2 + i % 3) + "bc", "bc" + "d" * (2 + i % 3)
        answers = {"chosen": good, "rejected": bad}
        table.append(
            {"row_id": 100 + i, "prompt": turn}
            | {side: [{"role": "assistant", "content": text}] for side, text in answers.items()}
        )
    return Dataset.from_list(table)


def reward_job(folder: Path, **options: Any) -> Job:
    """A job of method “reward” on the tiny model."""
    usual: dict[str, Any] = {
        "method": "reward",
        "model": model_folder(),
        "dataset": "pairs.jsonl",
        "load_in_4bit": False,
        "bnb_4bit_compute_dtype": "float32",
        "learning_rate": 1e-2,
        "max_steps": 30,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 1,
        "gradient_checkpointing": False,
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "optim": "adamw_torch",
        "max_length": 64,
        "r": 4,
        "save_steps": 0,
    }
    c = RunConfig(**(usual | options))
    tokens = load_tokenizer(c)
    data = pairs()
    held = data.select(range(16, 24))
    return Job(c, Context(folder), folder, add_adapter(load_base(c), c), tokens, data.select(range(16)), held, [])

"""The runs that health notes are measured on: healthy ones, and ones with a fault made on purpose.

Every fault is a real configuration that a person could have written, or rows that a person could have; nothing in a
recording is made up. Each run stands in one of two parts: the rules' thresholds were chosen while looking at
``tuning``, and ``held_out`` was recorded to see how well they do on runs nobody looked at.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.health_faults import (
    agreeing,
    always_the_same,
    broken,
    courteous,
    exclaiming,
    few,
    few_of_random_labels,
    longer,
    marked,
    random_labels,
    shorter,
    thanking,
)
from ftwidgets import demo

Rows = list[dict[str, Any]]
TUNING, HELD_OUT = "tuning", "held_out"


@dataclass(frozen=True)
class Spec:
    """One run to record.

    Attributes:
        name: What it is called, and its seed.
        options: Options of ``RunConfig`` on top of ``COMMON`` and of the method's.
        fault: The rules that should speak; empty for a healthy run. ``a|b``: either of them tells the fault.
        bearable: Rules that may speak too, since the fault has that consequence as well; they count neither way.
        rows: Changes the built-in rows; returns them and the row ids that were damaged.
        reward: PPO's reward.
    """

    name: str
    part: str
    options: dict[str, Any]
    fault: tuple[str, ...] = ()
    bearable: tuple[str, ...] = ()
    rows: Callable[[Rows, random.Random], tuple[Rows, list[int]]] | None = None
    reward: Callable[[list[str], list[str]], list[float]] | None = field(default=None, compare=False)


COMMON: dict[str, Any] = {
    "model": "demo",
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "max_eval_samples": 48,
    "save_steps": 0,
    "logging_steps": 1,
    "probe_prompts": ["What is 7 plus 5?", "What does a cow say?"],
    "max_new_tokens": 24,
}
METHODS: dict[str, dict[str, Any]] = {
    "sft": {"max_steps": 60, "per_device_train_batch_size": 8, "learning_rate": 1.5e-3, "max_length": 128},
    "pretrain": {"max_steps": 60, "per_device_train_batch_size": 8, "learning_rate": 3e-3, "max_length": 128},
    "dpo": {"max_steps": 50, "per_device_train_batch_size": 8, "learning_rate": 8e-4, "max_length": 128},
    "orpo": {"max_steps": 50, "per_device_train_batch_size": 8, "learning_rate": 1e-3, "beta": 0.5, "max_length": 128},
    "simpo": {"max_steps": 50, "per_device_train_batch_size": 8, "learning_rate": 8e-4, "max_length": 128},
    "reward": {"max_steps": 40, "per_device_train_batch_size": 8, "learning_rate": 1e-3, "max_length": 128},
    "ppo": {
        "max_steps": 30,
        "per_device_train_batch_size": 24,
        "num_ppo_epochs": 2,
        "response_length": 32,
        "kl_coef": 0.1,
        "learning_rate": 1e-3,
        "critic_learning_rate": 3e-3,
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "local_rollout_forward_batch_size": 64,
        "max_eval_samples": 8,
    },
}
EVERY = {"sft": 15, "pretrain": 15, "dpo": 10, "orpo": 10, "simpo": 10, "reward": 10, "ppo": 0}  # steps an evaluation


def options(spec: Spec) -> dict[str, Any]:
    """All options of a run, besides its rows."""
    method = spec.options["method"]
    return COMMON | METHODS[method] | {"eval_steps": EVERY[method]} | spec.options


def built_in(method: str) -> Rows:
    """The built-in rows of a method."""
    return [json.loads(line) for line in demo.dataset_file(method).read_text(encoding="utf-8").splitlines()]


def held_out_file(method: str) -> Path:
    """The built-in held-out rows, which no fault touches."""
    return Path(demo.held_out_file(method) or "")


def _healthy() -> list[Spec]:
    made = []
    seeds = {"sft": 4, "dpo": 4, "orpo": 2, "simpo": 2, "pretrain": 4, "reward": 2, "ppo": 4}
    for method, count in seeds.items():
        for number in range(count):
            reward = courteous if method == "ppo" else None
            part, seed = (TUNING, number) if number % 2 == 0 else (HELD_OUT, 20 + number)
            made.append(Spec(f"{method}-healthy-{number}", part, {"method": method, "seed": seed}, reward=reward))
    return made


def _pair(name: str, fault: Any, first: dict[str, Any], second: dict[str, Any], **more: Any) -> list[Spec]:
    """The same fault twice: once to choose thresholds by, once to be judged by."""
    faults = (fault,) if isinstance(fault, str) else tuple(fault)
    return [
        Spec(f"{name}-{i}", part, {"seed": 10 + 20 * i, **given}, faults, **more)
        for i, (part, given) in enumerate(((TUNING, first), (HELD_OUT, second)))
    ]


_OVERFIT = {"warmup_steps": 0, "lr_scheduler_type": "constant"}
_DRIFT = ("kl_runaway", "entropy_collapse", "diverges", "gradient_spikes", "value_flat")
_ONE_ANSWER = {
    "max_steps": 80,
    "per_device_train_batch_size": 32,
    "num_ppo_epochs": 4,
    "response_length": 4,  # hardly more than the two words that are paid for: nothing is left to vary
    "kl_coef": 0.0,
}
_TOO_FAR = ("diverges", "margin_exploding", "chosen_falls", "overfitting", "gradient_spikes", "accuracy_early")

# fmt: off
SPECS: list[Spec] = [
    *_healthy(),
    # a learning rate far too small
    *_pair(
        "sft-tiny-rate",
        "learns_nothing",
        {"method": "sft", "learning_rate": 1e-7},
        {"method": "pretrain", "learning_rate": 1e-7},
    ),
    *_pair(
        "dpo-tiny-rate",
        "stuck_at_start",
        {"method": "dpo", "learning_rate": 1e-7},
        {"method": "dpo", "learning_rate": 1e-6},
    ),
    *_pair(
        "odds-tiny-rate",
        "learns_nothing",
        {"method": "orpo", "learning_rate": 1e-7},
        {"method": "simpo", "learning_rate": 1e-7},
    ),
    *_pair(
        "reward-tiny-rate",
        "stuck_at_start|learns_nothing",
        {"method": "reward", "learning_rate": 1e-8},
        {"method": "reward", "learning_rate": 1e-7},
    ),
    *_pair(
        "ppo-tiny-rate",
        "learns_nothing",
        {"method": "ppo", "learning_rate": 1e-8},
        {"method": "ppo", "learning_rate": 1e-7},
        reward=courteous,
    ),
    # labels that say nothing, and a beta that leaves nothing of the signal
    *_pair(
        "random-labels",
        "stuck_at_start|learns_nothing",
        {"method": "dpo"},
        {"method": "dpo"},
        rows=random_labels,
        bearable=("overfitting",),
    ),
    *_pair(
        "dpo-tiny-beta",
        "stuck_at_start",
        {"method": "dpo", "beta": 1e-4, "learning_rate": 1e-5},
        {"method": "dpo", "beta": 1e-4, "learning_rate": 2e-5},
    ),
    # a learning rate far too large
    *_pair(
        "sft-huge-rate",
        "diverges",
        {"method": "sft", "learning_rate": 0.3},
        {"method": "pretrain", "learning_rate": 0.3},
        bearable=("gradient_spikes", "overfitting", "not_a_number"),
    ),
    *_pair(
        "dpo-huge-rate",
        "margin_exploding",
        {"method": "dpo", "learning_rate": 1e-2},
        {"method": "dpo", "learning_rate": 2e-2},
        bearable=_TOO_FAR,
    ),
    *_pair(
        "simpo-huge-beta",
        "margin_exploding",
        {"method": "simpo", "beta": 20.0, "learning_rate": 3e-3},
        {"method": "dpo", "beta": 2.0, "learning_rate": 3e-3},
        bearable=_TOO_FAR,
    ),
    *_pair(
        "odds-huge-rate",
        "diverges",
        {"method": "orpo", "learning_rate": 0.1},
        {"method": "orpo", "learning_rate": 0.05},
        bearable=_TOO_FAR,
    ),
    # a warm-up as long as the run
    *_pair("warmup", "warmup_whole_run", {"method": "dpo", "warmup_steps": 50}, {"method": "sft", "warmup_steps": 60}),
    *_pair(
        "warmup-longer",
        "warmup_whole_run",
        {"method": "pretrain", "warmup_steps": 500},
        {"method": "simpo", "warmup_steps": 200},
        bearable=("learns_nothing",),
    ),
    # few rows, many times
    *_pair(
        "overfit",
        "overfitting",
        {"method": "sft", "max_steps": 90, "learning_rate": 4e-3, **_OVERFIT},
        {"method": "sft", "max_steps": 75, "learning_rate": 5e-3, **_OVERFIT},
        rows=few(24),
    ),
    *_pair(
        "overfit-pairs",
        "overfitting",
        {"method": "dpo", "learning_rate": 3e-3, **_OVERFIT},
        {"method": "simpo", "learning_rate": 3e-3, **_OVERFIT},
        rows=few_of_random_labels,
        bearable=("accuracy_early", "margin_exploding", "chosen_falls", "gradient_spikes"),
    ),
    # pairs that a mark tells apart
    *_pair(
        "marked", "accuracy_early", {"method": "dpo"}, {"method": "reward"}, rows=marked, bearable=("margin_exploding",)
    ),
    # line noise in some rows
    *_pair("broken-pairs", "gradient_spikes", {"method": "dpo"}, {"method": "orpo"}, rows=broken(6)),
    *_pair("broken-rows", "gradient_spikes", {"method": "sft"}, {"method": "sft", "max_steps": 70}, rows=broken(5)),
    # numbers run out
    *_pair(
        "not-a-number",
        "not_a_number",
        {"method": "simpo", "learning_rate": 1.0, "max_grad_norm": 1e30},
        {"method": "dpo", "learning_rate": 1.0, "max_grad_norm": 1e30},
        bearable=_TOO_FAR,
    ),
    # PPO
    *_pair(
        "ppo-longer",
        "length_hacking",
        {"method": "ppo", "kl_coef": 0.0},
        {"method": "ppo", "kl_coef": 0.0},
        reward=longer,
        bearable=_DRIFT,
    ),
    *_pair(
        "ppo-shorter",
        "length_hacking",
        {"method": "ppo", "kl_coef": 0.0},
        {"method": "ppo", "kl_coef": 0.01},
        reward=shorter,
        bearable=_DRIFT,
    ),
    *_pair(
        "ppo-exclaiming",
        "kl_runaway",
        {"method": "ppo", "kl_coef": 0.0, "learning_rate": 4e-3},
        {"method": "ppo", "kl_coef": 0.0, "learning_rate": 5e-3},
        reward=exclaiming,
        bearable=(*_DRIFT, "length_hacking"),
    ),
    *_pair(
        "ppo-huge-rate",
        "kl_runaway",
        {"method": "ppo", "kl_coef": 0.0, "learning_rate": 8e-3},
        {"method": "ppo", "kl_coef": 0.0, "learning_rate": 1e-2},
        reward=courteous,
        bearable=(*_DRIFT, "length_hacking", "learns_nothing"),
    ),
    *_pair(
        "ppo-no-value",
        "value_flat",
        {"method": "ppo", "critic_learning_rate": 1e-9},
        {"method": "ppo", "critic_learning_rate": 1e-8},
        reward=courteous,
    ),
    Spec(
        "ppo-one-answer-0",
        TUNING,
        {"method": "ppo", "seed": 10, **_ONE_ANSWER},
        ("entropy_collapse",),
        _DRIFT,
        reward=thanking,
    ),
    Spec(
        "ppo-one-answer-1",
        HELD_OUT,
        {"method": "ppo", "seed": 30, **_ONE_ANSWER, "learning_rate": 1.5e-3},
        ("entropy_collapse",),
        _DRIFT,
        reward=agreeing,
    ),
    *_pair("ppo-constant", "learns_nothing", {"method": "ppo"}, {"method": "ppo"}, reward=always_the_same),
]

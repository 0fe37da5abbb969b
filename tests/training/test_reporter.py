"""Speeds in a run's log, by a clock that the test sets."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.training import reporter
from tests.training.ppo.tiny import Context

SIZES = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2}


def speeds(monkeypatch: pytest.MonkeyPatch, config: RunConfig, logs: list[tuple[float, int]]) -> list[dict[str, float]]:
    """What is logged of speed when a step ends at each (seconds, tokens seen)."""
    clock = [0.0]
    monkeypatch.setattr(reporter.time, "perf_counter", lambda: clock[0])
    context = Context(Path())
    made = reporter.Reporter(config, context, lambda step: None)
    state = SimpleNamespace(global_step=0, max_steps=len(logs), epoch=0.0, log_history=[])
    made.on_train_begin(None, state, None)
    for seconds, tokens in logs:
        clock[0] = seconds
        state.global_step += 1
        made.on_log(None, state, None, {"loss": 1.0, "num_tokens": tokens})
    logged: list[dict[str, Any]] = [event["metrics"] for event in context.of("log")]
    return [{name: row[name] for name in row if name.endswith("per_second")} for row in logged]


def test_a_step_is_measured_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    found = speeds(monkeypatch, RunConfig(method="sft", **SIZES), [(2.0, 100), (6.0, 300)])
    assert found == [
        {"samples_per_second": 8 / 2, "tokens_per_second": 100 / 2},
        {"samples_per_second": 8 / 4, "tokens_per_second": 200 / 4},
    ]


def test_ppo_is_measured_by_whole_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """8 answers sampled in 5 s, then two passes of 1 s: 8 answers in 7 s, not in 6 and in 1."""
    config = RunConfig(method="ppo", reward="r", num_ppo_epochs=2, num_mini_batches=1, **SIZES)
    found = speeds(monkeypatch, config, [(6.0, 90), (7.0, 90), (13.0, 230), (14.0, 230)])
    assert found == [{}, {}, {"samples_per_second": 8 / 7, "tokens_per_second": 140 / 7}, {}]

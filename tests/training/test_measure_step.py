"""Measuring one step: the real trainer on the longest rows of the data, and nothing left behind."""

import gc
import json
import threading
from pathlib import Path

import pytest
from peft import PeftModel

import ftwidgets
from ftwidgets.config import METHODS, RunConfig
from ftwidgets.data import prepare
from ftwidgets.data.preflight import Encoder, survey
from ftwidgets.measuring import begin
from ftwidgets.training import measure as measuring
from ftwidgets.training.loading import load_tokenizer
from tests.patience import PATIENCE

SMALL = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2, "max_steps": 7}


def short(prompts, completions):
    return [-float(len(text)) for text in completions]


def models():
    gc.collect()
    return sum(issubclass(type(thing), PeftModel) for thing in gc.get_objects())


def longest(config):
    """Tokens of the longest row that is trained on, by measuring every row."""
    data = prepare(config).train
    lengths = survey(data, Encoder(load_tokenizer(config), config.method), sample=None, seconds=None).lengths
    kept = ~lengths.dropped(config.max_length, config.response_length or 0)
    return int(lengths.total[kept].clip(max=config.max_length).max())


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_each_method(method, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = models()
    options = SMALL | ({"reward": short, "response_length": 8} if method == "ppo" else {})
    found = ftwidgets.measure_step(method=method, **options)
    pairs = method in ("dpo", "orpo", "simpo", "reward")
    config = RunConfig(method=method, **(options | ({"reward": "function short"} if method == "ppo" else {})))
    rows, tokens = found.longest_batch
    assert rows == 2 * (2 if pairs else 1)
    if not config.packing:
        assert tokens == longest(config) + (config.response_length or 0)
    assert found.steps == 7 and found.seconds_to_finish == pytest.approx(7 * found.seconds_per_step)
    assert 0 < found.seconds_per_step < 60
    # The built-in model's weights are 2 MB; what is measured is a process that trains, and no whole vocabulary of it.
    assert 2e6 < found.peak_bytes < 1e9
    assert found.estimate is not None and found.how in ("high water", "samples")
    assert list(tmp_path.iterdir()) == [], "no run, no file"
    assert models() <= before, "the model is gone"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ftwidgets ")]


def test_the_longest_row_is_found_among_many(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "_LOOKED_AT", 20)
    file = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"What is {i}?", "completion": "A number."} for i in range(200)]
    rows[137]["completion"] = "A number. " * 12
    file.write_text("\n".join(map(json.dumps, rows)))
    options = {"method": "sft", "dataset": str(file), "test_size": 0.0, "per_device_train_batch_size": 2}
    found = ftwidgets.measure_step(**options, gradient_accumulation_steps=1, max_steps=None, num_train_epochs=2)
    config = RunConfig(**options)
    assert found.longest_batch == (2, longest(config))
    assert found.steps == 200  # 100 batches of 2 in each of two epochs


def test_cancelled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = models()
    under_way = begin(method="sft")
    under_way.cancel()
    assert under_way.wait(PATIENCE) and under_way.cancelled
    with pytest.raises(ftwidgets.FtwidgetsError, match="cancelled"):
        under_way.result()
    assert models() <= before and list(tmp_path.iterdir()) == []


def test_what_keeps_a_run_from_starting_keeps_the_step(tmp_path):
    rows = [{"prompt": "word " * 40, "chosen": f"{i}", "rejected": "no"} for i in range(12)]
    with pytest.raises(ftwidgets.FtwidgetsError, match=r"the prompt alone fills max_length=16"):
        ftwidgets.measure_step(method="dpo", dataset=rows, max_length=16, test_size=0.0)


def test_rows_of_the_kernel_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"Say {i}.", "completion": f"{i}"} for i in range(12)]
    found = ftwidgets.measure_step(method="sft", dataset=rows, test_size=0.0, **SMALL)
    assert found.steps == 7 and list(Path().iterdir()) == []

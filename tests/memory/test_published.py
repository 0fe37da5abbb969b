"""The estimate against measurements that others publish of their own runs."""

import re
from pathlib import Path

from benchmarks.memory_published import MODELS, RUNS, summary, table

DOCS = Path(__file__).parents[2] / "docs" / "memory.md"


def test_median_and_largest_error():
    found = summary()
    assert found["runs"] == 20
    assert found["median_error"] <= 0.06
    assert found["largest_error"] <= 0.20
    assert found["within_range"] >= 0.85


def test_sizes_of_the_models_are_right():
    # Parameters as published with each model, in billions, of the language model.
    published = {
        "Llama-3.1-8B": 8.03, "Llama-3.3-70B": 70.55, "Llama-3.2-3B": 3.21, "Qwen2.5-7B": 7.62, "Ministral-8B": 8.02,
        "Apertus-8B": 8.05, "AFM-4.5B": 4.62, "Qwen3-4B": 4.02, "Ministral-3-3B": 3.43, "OLMo-3-7B": 7.30,
        "Seed-OSS-36B": 36.15, "Mistral-Small-24B": 23.57, "MiMo-7B": 7.63,
    }  # fmt: skip
    for name, billions in published.items():
        assert abs(MODELS[name].parameters() / 1e9 - billions) < 0.012 * billions, name


def test_the_table_in_the_docs_is_this_one():
    text = DOCS.read_text(encoding="utf-8")
    for line in table():
        assert line in text
    assert len(re.findall(r"^\| (Unsloth|torchtune|ms-swift|axolotl) ", text, re.MULTILINE)) == len(RUNS)

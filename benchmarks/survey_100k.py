"""Preflight of 100,000 rows: the first answer from a sample, and all rows measured, beside the tokenizer's own work.

    python -m benchmarks.survey_100k [rows]

The rows are conversations of the built-in data, made longer and told apart by a number; the tokenizer is the built-in
model's. The peer is the least that any exact count must do: rendering the chat template and tokenising, in the
tokenizer's own fast batches, without masks, histogram or progress. Prints one line of JSON last.
"""

import json
import sys
import time
from typing import Any

import numpy as np
import psutil


def made_rows(count: int) -> list[dict[str, Any]]:
    from ftwidgets.demo import dataset_file

    base = [json.loads(line) for line in dataset_file("sft").read_text(encoding="utf-8").splitlines()]
    turns = [row["messages"] for row in base]
    draw = np.random.default_rng(0)
    rows = []
    for number in range(count):
        picked = [turn for at in draw.integers(0, len(turns), int(draw.integers(1, 6))) for turn in turns[at]]
        rows.append(
            {
                "row_id": number,
                "messages": [*picked[:-1], {**picked[-1], "content": f"{number}. {picked[-1]['content']}"}],
            }
        )
    return rows


def main(count: int) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer

    from ftwidgets.data.preflight import Encoder, survey
    from ftwidgets.demo import model_folder

    rows = Dataset.from_list(made_rows(count))
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    encoder = Encoder(tokenizer, "sft")

    begun = time.perf_counter()
    first = survey(rows, encoder)
    first_s = time.perf_counter() - begun

    told: list[float] = []
    begun = time.perf_counter()
    whole = survey(
        rows, encoder, sample=None, seconds=None, progress=lambda done, total: told.append(time.perf_counter())
    )
    exact_s = time.perf_counter() - begun
    assert whole.exact
    gap = float(np.diff([begun, *told]).max())

    asked = [0]

    def enough() -> bool:
        asked[0] += 1
        return asked[0] > 20

    begun = time.perf_counter()
    survey(rows, encoder, sample=None, seconds=None, cancelled=enough)
    cancelled_s = time.perf_counter() - begun

    begun = time.perf_counter()
    lengths = 0
    for start in range(0, count, 1000):
        texts = [tokenizer.apply_chat_template(m, tokenize=False) for m in rows[start : start + 1000]["messages"]]
        lengths += sum(map(len, tokenizer(texts, add_special_tokens=False)["input_ids"]))
    plain_s = time.perf_counter() - begun

    sampled = float(np.quantile(first.lengths.total, 0.9))
    exact = float(np.quantile(whole.lengths.total, 0.9))
    print(
        f"first answer, {len(first.lengths):,} rows sampled   {first_s:7.2f} s   90 % are within {sampled:.0f} tokens"
    )
    print(f"exact, {count:,} rows                 {exact_s:7.2f} s   90 % are within {exact:.0f} tokens")
    print(f"the tokenizer alone                  {plain_s:7.2f} s")
    print(f"longest silence of the progress      {gap:7.3f} s   a cancelled survey ended after {cancelled_s:.2f} s")
    result = {
        "benchmark": "survey_100k",
        "rows": count,
        "sampled_s": first_s,
        "sampled_rows": len(first.lengths),
        "exact_s": exact_s,
        "tokenizer_alone_s": plain_s,
        "tokens": lengths,
        "longest_silence_s": gap,
        "cancelled_s": cancelled_s,
        "p90_sampled": sampled,
        "p90_exact": exact,
        "cores": psutil.cpu_count(),
        "load": psutil.getloadavg()[0],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

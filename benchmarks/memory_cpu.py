"""Hold the memory estimate against what a process on the CPU really takes, for each method.

    FTWIDGETS_REAL_MODEL=~/models/gemma-3-270m python -m benchmarks.memory_cpu [method ...]

Each method trains two steps in a process of its own through ftwidgets.train, on rows that fill max_length. Counted is
what the process holds above what it held once the libraries were imported: its anonymous memory, and the weights that
stay mapped from their file (the embedding, used as it is). The estimate is for device="cpu". Takes about ten minutes on
two cores. Prints one line of JSON last.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

METHODS = ("sft", "pretrain", "dpo", "orpo", "simpo", "reward", "ppo")
LENGTH, BATCH, RESPONSE = 256, 2, 32
_TRAINERS = {"sft": "sft", "pretrain": "sft", "reward": "reward", "ppo": "ppo.build"}
_WORDS = ("time", "people", "year", "way", "day", "man", "thing", "woman", "life", "child", "world", "school", "state")


def main(methods: list[str], model: str, changes: dict) -> dict:
    results = {}
    for method in methods:
        command = [sys.executable, "-m", "benchmarks.memory_cpu", "--one", method, "--model", model]
        done = subprocess.run(
            [*command, "--changes", json.dumps(changes)], capture_output=True, text=True, check=False, timeout=1800
        )
        if done.returncode:
            print(f"{method}: failed\n{done.stderr[-3000:]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        results[method] = found
        error = found["estimated"] / found["measured"] - 1
        sizes = [f"{name} {found[name] / 1e9:.2f} GB" for name in ("measured", "estimated")]
        print(f"{method:9} {', '.join(sizes)}; error {error:+.0%}; {found['seconds']:.0f} s", flush=True)
    errors = [abs(r["estimated"] / r["measured"] - 1) for r in results.values()]
    return {"benchmark": "memory_cpu", "methods": results, "largest_error": max(errors, default=None)}


def one(method: str, model: str, changes: dict) -> dict:
    """Train in this process, and measure it."""
    import ftwidgets
    from ftwidgets.config import RunConfig
    from ftwidgets.memory import estimate_memory
    from ftwidgets.training.peak import CpuPeak

    # The libraries are no part of the estimate: all that a method imports comes before the first look.
    import_module("ftwidgets.training.launch")
    import_module(f"ftwidgets.training.{_TRAINERS.get(method, 'pairwise.build')}")
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "method": method, "model": model, "dataset": _rows(method, model, Path(folder)), "output_dir": folder,
            "max_length": LENGTH, "per_device_train_batch_size": BATCH, "gradient_accumulation_steps": 1,
            "max_steps": 2, "test_size": 0.0, "probe_prompts": [], "save_steps": 0, "general_text": None,
        }  # fmt: skip
        if method in ("dpo", "orpo", "simpo"):
            options["prefix_sharing"] = "off"
        if method == "ppo":
            options |= {"response_length": RESPONSE, "reward": "function score", "num_ppo_epochs": 1}
        config = RunConfig(**(options | changes))
        estimated = estimate_memory(config, device="cpu")
        watch = CpuPeak()
        start = time.perf_counter()
        more = {"reward": score} if method == "ppo" else {}
        run = ftwidgets.train(config, **more)
        while run.progress.get("phase") in (None, "loading libraries", "reading data", "loading model"):
            time.sleep(0.02)
            if run.ended:
                break
        watch.reset()  # loading has a peak of its own
        run.wait()
        if run.error:
            raise SystemExit(str(run.error))
        seconds = time.perf_counter() - start
        measured = watch.bytes(run.model)
        watch.close()
    return {
        "measured": measured,
        "how": watch.how,
        "estimated": estimated.total,
        "seconds": seconds,
        "parts": estimated.parts,
    }


def score(prompts: list[str], completions: list[str]) -> list[float]:
    """A reward: the share of letters e."""
    return [c.count("e") / max(1, len(c)) for c in completions]


def _rows(method: str, model: str, folder: Path) -> str:
    """Sixteen rows in a file, each as long as max_length but for a few tokens that templates add."""
    from tokenizers import Tokenizer

    from ftwidgets.models import locate

    tokenizer = Tokenizer.from_file(str(locate(model) / "tokenizer.json"))

    def words(tokens: int, start: int) -> str:
        text = "".join(f" {_WORDS[(start + i * i) % len(_WORDS)]}" for i in range(tokens))
        ends = tokenizer.encode(text, add_special_tokens=False).offsets
        return text[: ends[min(tokens, len(ends)) - 1][1]]

    quarter = LENGTH // 4
    answer = LENGTH - quarter - 8
    rows: list[dict] = []
    for i in range(16):
        row: dict = {"prompt": words(quarter, i)}
        if method == "sft":
            row["completion"] = words(answer, i)
        elif method == "pretrain":
            row = {"text": words(LENGTH - 8, i)}
        elif method == "ppo":
            row = {"prompt": words(LENGTH - RESPONSE - 24, i)}
        else:
            row |= {"chosen": words(answer, i), "rejected": words(answer, i + 3)}
        rows.append(row)
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--model", default=os.environ.get("FTWIDGETS_REAL_MODEL"))
    parser.add_argument("--changes", type=json.loads, default={}, help="options to change, as JSON")
    given = parser.parse_args()
    if not given.model:
        parser.error("give --model, or set FTWIDGETS_REAL_MODEL, to a model's folder")
    if given.one:
        print(json.dumps(one(given.one, given.model, given.changes)))
    else:
        result = main(list(given.methods), given.model, given.changes)
        print(json.dumps(result))
        sys.exit(len(result["methods"]) < len(given.methods))

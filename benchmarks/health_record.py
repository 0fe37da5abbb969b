"""Training the runs of ``health_runs`` and keeping of each what the rules of health read."""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ftwidgets
from benchmarks.health_runs import Spec, built_in, held_out_file, options

PAIRS = ("id", "loss", "margin", "chosen_logps", "rejected_logps", "chosen_length", "rejected_length")
KEPT: dict[str, tuple[str, ...]] = {
    "log": ("step", "epoch", "metrics"),
    "examples": ("step", "split", *PAIRS),
    "rollouts": ("step", "score", "kl", "length", "row_id"),
    "samples": ("step", "prompt", "completion"),
    "resumed": ("step",),
    "status": ("status",),
    "error": ("message",),
}
UNREAD = ("_per_second", "_runtime", "memory/", "logits/", "eval_samples", "eval_steps", "num_tokens")


def record(spec: Spec, folder: Path) -> None:
    """Train ``spec`` and write ``folder/<name>.jsonl.gz``: what it is, then its events."""
    begun = time.perf_counter()
    rows, damaged = built_in(spec.options["method"]), []
    if spec.rows is not None:
        rows, damaged = spec.rows(rows, random.Random(spec.options["seed"]))
    with tempfile.TemporaryDirectory() as place:
        given: dict[str, Any] = options(spec) | {"output_dir": place}
        given["dataset"] = "demo"
        if spec.rows is not None:
            given["dataset"] = f"{place}/rows.jsonl"
            Path(given["dataset"]).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            given["eval_dataset"] = str(held_out_file(spec.options["method"]))
        if spec.reward is not None:
            given["reward"] = spec.reward
        run = ftwidgets.train(**given)
        run.wait()
        config = run.config.to_dict() | {"output_dir": "runs", "dataset": "demo", "eval_dataset": None}
        head = {"name": spec.name, "part": spec.part, "damaged": damaged, "config": config}
        with (run.folder / "events.jsonl").open(encoding="utf-8") as lines:
            events = [kept for line in lines if (kept := compact(json.loads(line))) is not None]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (head, *events))
    with gzip.GzipFile(folder / f"{spec.name}.jsonl.gz", "wb", mtime=0) as file:
        file.write(text.encode())
    seconds = time.perf_counter() - begun
    print(
        f"{spec.name}: {run.status}, {seconds:.0f} s, {len(text) // 1000} kB {run.error or ''}",
        file=sys.stderr,
        flush=True,
    )


def compact(event: dict[str, Any]) -> dict[str, Any] | None:
    """An event without what no rule reads, its numbers to four digits; ``None`` where nothing is left."""
    if event["type"] not in KEPT or event.get("split") == "eval":
        return None
    kept = {name: event[name] for name in KEPT[event["type"]] if name in event}
    if "metrics" in kept:
        kept["metrics"] = {n: v for n, v in kept["metrics"].items() if not any(part in n for part in UNREAD)}
    return {"t": round(event["t"], 1), "type": event["type"], **_short(kept)}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_short(v) for v in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value

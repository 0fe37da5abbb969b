"""Opening the folder of a long run: its log read, its health looked at, its record made.

    python -m benchmarks.curves_folder [--steps N] [--pairs N]

A run of 100,000 steps and 20 metrics with the values of four pairs a step: made-up numbers in the format of a real log.
The peer is the same log read line by line with ``json``, in the same process. Prints one line of JSON last.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.curves_data import TWENTY, table
from ftwidgets.config import RunConfig
from ftwidgets.diagnosis import health
from ftwidgets.runs import Run, load_run
from ftwidgets.runs.event_log import read_events
from ftwidgets.widgets.record import record

BEGUN = 1e9


def write(folder: Path, steps: int, pairs: int) -> None:
    """A run folder as a run that logged every step leaves it."""
    config = RunConfig(method="dpo", model="demo", dataset="demo", max_steps=steps, logging_steps=1)
    (folder / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    random = np.random.default_rng(0)
    with (folder / "events.jsonl").open("w", encoding="utf-8") as file:

        def event(t: float, type: str, **fields: Any) -> None:
            file.write(json.dumps({"t": round(BEGUN + t, 3), "type": type} | fields) + "\n")

        event(0, "status", status="training", pid=0, reason="")
        for row in table(steps, TWENTY):
            step, epoch, t, *values = row.tolist()
            margin = random.normal(size=pairs)
            columns = {"loss": np.log1p(np.exp(-margin)), "margin": margin}
            columns |= {"chosen_reward": margin / 2, "rejected_reward": -margin / 2}
            columns |= {"chosen_logps": margin - 40, "rejected_logps": -margin - 40}
            rows = {name: column.tolist() for name, column in columns.items()}
            rows |= {"chosen_length": [20] * pairs, "rejected_length": [22] * pairs}
            if pairs:
                ids = random.integers(0, 5000, pairs).tolist()
                event(t, "examples", step=int(step), split="train", id=ids, **rows)
            event(t, "log", step=int(step), epoch=epoch, metrics=dict(zip(TWENTY, values, strict=True)))
        event(t, "status", status="finished", reason="")


def line_by_line(folder: Path) -> Run:
    run = Run(RunConfig.from_yaml(folder / "config.yaml"), folder)
    for event, _ in read_events(folder / "events.jsonl"):
        run.replay(event)
    return run


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--steps", type=int, default=100_000)
    ask.add_argument("--pairs", type=int, default=4, help="pairs a step")
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, given.steps, given.pairs)
        size = (folder / "events.jsonl").stat().st_size
        timed(lambda: load_run(folder))  # imports what reading takes
        run, read = timed(lambda: load_run(folder))
        same, peer = timed(lambda: line_by_line(folder))
        assert np.array_equal(run.store.rows(0), same.store.rows(0), equal_nan=True)
        del same
        notes, looked = timed(lambda: health(run))
        timed(lambda: record([run]))  # imports matplotlib
        _, recorded = timed(lambda: record([run]))
    result = {"read_s": read, "line_by_line_s": peer, "health_s": looked, "record_s": recorded}
    for name, seconds in result.items():
        print(f"{name[:-2].replace('_', ' '):13} {seconds:.2f} s")
    sizes = {"steps": given.steps, "pairs_a_step": given.pairs, "log_mb": size / 1e6, "notes": len(notes)}
    print(json.dumps({"benchmark": "curves_folder"} | sizes | result))


if __name__ == "__main__":
    main()

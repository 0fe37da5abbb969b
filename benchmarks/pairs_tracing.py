"""What it costs a run to keep the values of every pair it trains: loss, margin, rewards, log-probabilities, lengths.

    python -m benchmarks.pairs_tracing [--model FOLDER] [--steps N]

One DPO run, logged every step; the time its thread spends in keeping (``Record.add``), fetching and writing the rows
(``PairwiseTrainer._emit_examples``) is added up and divided by the time of all steps. That is an upper bound: the same
calls give the metrics that would be logged without any pairs, and the rows of both evaluations are counted too. The
built-in model by default: its steps are the shortest, so that the share is the largest. Prints one line of JSON last.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import ftwidgets
from ftwidgets.training.pairwise.record import Record
from ftwidgets.training.pairwise.trainer import PairwiseTrainer


def timed(owner: type, name: str, seconds: list[float]) -> None:
    """Append to ``seconds`` what each call of a method takes."""
    method: Callable[..., Any] = getattr(owner, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        try:
            return method(*given, **named)
        finally:
            seconds.append(time.perf_counter() - begun)

    setattr(owner, name, wrapped)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--model", default="demo")
    ask.add_argument("--dataset", default="demo")
    ask.add_argument("--steps", type=int, default=60)
    ask.add_argument("--batch", type=int, default=8)
    given = ask.parse_args()
    added: list[float] = []
    told: list[float] = []
    timed(Record, "add", added)
    timed(PairwiseTrainer, "_emit_examples", told)
    with tempfile.TemporaryDirectory() as folder:
        run = ftwidgets.train(
            method="dpo", model=given.model, dataset=given.dataset, max_steps=given.steps, seed=0, test_size=0,
            per_device_train_batch_size=given.batch, gradient_accumulation_steps=1, logging_steps=1, eval_steps=0,
            save_steps=0, probe_prompts=["Hello?"], max_new_tokens=1, output_dir=folder,
        )  # fmt: skip
        run.wait()
        assert run.status == "finished", run.error
        pairs = sum(len(event["id"]) for event in run.events.of("examples"))
        assert pairs, "the run told nothing of its pairs"
        steps = [given.batch / speed for speed in run.history["samples_per_second"].dropna()]
    result = {"model": given.model, "steps": given.steps, "pairs": pairs, "step_s": statistics.median(steps)}
    result |= {"tracing_s": sum(added + told) / given.steps, "share": sum(added + told) / sum(steps)}
    print(f"keeping pairs takes {result['share']:.2%} of a step of {1000 * result['step_s']:.0f} ms")
    print(json.dumps({"benchmark": "pairs_tracing"} | result))


if __name__ == "__main__":
    main()

"""Training with its live view open against the same run without any view.

    python -m benchmarks.curves_training [--steps N] [--segment N]

The built-in model, on rows of one length so that steps are alike, in a real JupyterLab, its browser on the same
machine, a step logged every step. One run, in which stretches of steps take turns: in one of each two, in random
order, all views of the run (Studio's Watch panel with its curves, open in the page) hear of every change, in the
other they hear nothing, and the page rests. So both sides share model, rows, machine and minute. Each pair of
stretches gives one ratio of mean step times; the median of these is told, with a 95% interval (bootstrap over pairs).
Prints one line of JSON last.
"""

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.lab import Lab, LabServer

CODE = """
import ftwidgets
from ftwidgets.widgets.monitor import Monitor
from ftwidgets.widgets.style import stylesheet
import ipywidgets
rows = [{{"prompt": "What is the capital of Italy?", "completion": "Rome is the capital of Italy. " * 8}}] * 800
run = ftwidgets.train(
    method="sft", model="demo", dataset=rows, max_steps={steps}, per_device_train_batch_size=8,
    gradient_accumulation_steps=1, max_length=128, learning_rate=1e-4, seed=0, test_size=0, save_steps=0,
    gradient_checkpointing=False, logging_steps=1, probe_prompts=["Hello?"], max_new_tokens=1, eval_steps=0)
shown = {shown}  # whether the views hear of a stretch of {segment} steps
monitor = Monitor(run)
views = list(run._publisher._subscribers)
def gate():
    done = run.progress.get("done") if run.status == "training" else None
    if done is None or run.ended or shown[min(int(done) // {segment}, len(shown) - 1)]:
        for view in views:
            view()
run._publisher._subscribers[:] = [gate]
display(monitor)
"""

SETTLES = 16  # steps: the page draws what it was told up to a second or more later


def turns(steps: int, segment: int) -> list[bool]:
    """Whether each stretch is shown: pairs of one and the other, in random order."""
    random.seed(0)
    return [side for _ in range(steps // segment // 2) for side in random.choice([(True, False), (False, True)])]


def pair_ratios(steps: np.ndarray, seconds: np.ndarray, shown: list[bool], segment: int) -> np.ndarray:
    """Mean step time shown over not shown, of each pair of stretches; the first steps of each are left out, as what was
    sent before may still be drawn."""
    number, place = (steps - 1) // segment, (steps - 1) % segment
    means = [seconds[(number == k) & (place >= SETTLES)].mean() for k in range(len(shown))]
    pairs = range(2, len(shown), 2)  # the first pair warms up
    return np.array([means[k] / means[k + 1] if shown[k] else means[k + 1] / means[k] for k in pairs])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--steps", type=int, default=5120)
    ask.add_argument("--segment", type=int, default=64)
    given = ask.parse_args()
    shown = turns(given.steps, given.segment)
    with sync_playwright() as playwright, LabServer(Path(tempfile.mkdtemp())) as server:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        lab = Lab(server, browser)
        notebook = lab.open([CODE.format(steps=given.steps, segment=given.segment, shown=shown)])
        notebook.run(0)
        notebook.page.locator(".ftw-curves-panel canvas").first.wait_for()
        while not notebook.python("run.ended"):
            notebook.page.wait_for_timeout(2000)
        assert notebook.python("run.status") == "finished"
        rows = notebook.python("run.history[['step', 'samples_per_second']].dropna().values.tolist()")
        lab.close()
        browser.close()
    steps, speed = np.array(rows).T
    ratios = pair_ratios(steps.astype(int), 8 / speed, shown, given.segment)
    draws = np.median(np.random.default_rng(0).choice(ratios, (2000, len(ratios))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    print(f"view open / none: {statistics.median(ratios):.4f} ({low:.4f} to {high:.4f}), {len(ratios)} pairs")
    result = {"steps": given.steps, "segment": given.segment, "step_s": float(np.median(8 / speed))}
    result |= {"ratios": ratios.tolist(), "ratio": statistics.median(ratios), "interval": [low, high]}
    print(json.dumps({"benchmark": "curves_training"} | result))


if __name__ == "__main__":
    main()

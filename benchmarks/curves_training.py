"""Training with its live view open against the same run without any view.

    python -m benchmarks.curves_training [--steps N] [--runs N]

The built-in model in a real JupyterLab, its browser on the same machine: runs take turns with and without the curves
in a visible cell, logging every step, and the median step of each pair is compared. Prints one line of JSON last.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.lab import Lab, LabServer

CODE = """
import ftwidgets
from IPython.display import clear_output, display
def train(view):
    run = ftwidgets.train(
        method="sft", model="demo", dataset="demo", max_steps={steps}, per_device_train_batch_size=8,
        gradient_accumulation_steps=1, max_length=128, learning_rate=1e-4, seed=0, test_size=0, save_steps=0,
        gradient_checkpointing=False, logging_steps=1, probe_prompts=["Hello?"], max_new_tokens=1, eval_steps=0)
    curves = ftwidgets.Curves(run)
    if view:
        display(curves)
    return run
"""


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--steps", type=int, default=60)
    ask.add_argument("--runs", type=int, default=3, help="pairs of runs")
    given = ask.parse_args()
    medians: dict[bool, list[float]] = {False: [], True: []}
    with sync_playwright() as playwright, LabServer(Path(tempfile.mkdtemp())) as server:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        lab = Lab(server, browser)
        notebook = lab.open([CODE.format(steps=given.steps), "run = train(False)", "clear_output()\nrun = train(True)"])
        notebook.run(0)
        for _ in range(given.runs):
            for view in (False, True):
                notebook.run(1 + view)
                while notebook.python("run.ended") is False:
                    notebook.page.wait_for_timeout(500)
                speeds = notebook.python("run.history['samples_per_second'].dropna().tolist()[5:]")
                medians[view].append(statistics.median(8 / speed for speed in speeds))
                seen = notebook.page.locator(".ftw-curves-canvas").count() > 0
                assert seen is view or not view
                print(f"{'with' if view else 'without'} view: {1000 * medians[view][-1]:.1f} ms a step")
                if view:
                    notebook.page.evaluate("() => window.__panel.content.widgets[2].model.outputs.clear()")
        lab.close()
        browser.close()
    ratios = [seen / unseen for seen, unseen in zip(medians[True], medians[False], strict=True)]
    result = {"benchmark": "curves_training", "without_view_s": medians[False], "with_view_s": medians[True]}
    print(json.dumps(result | {"ratio": statistics.median(ratios)}))


if __name__ == "__main__":
    main()

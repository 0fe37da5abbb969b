"""Whether a streaming run makes a notebook sluggish: a click's way to its Python handler and back to the page.

    python -m benchmarks.curves_clicks

The peer is the same kernel idle: blocks of clicks take turns with and without a run that logs 20 times a second into
visible curves. Prints one line of JSON last.
"""

import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.lab import Lab, LabServer

BLOCKS, CLICKS = 5, 20
CODE = """
import threading, time
import ipywidgets as w
from benchmarks.curves_data import MadeRun
from ftwidgets import Curves
button, label = w.Button(description="click"), w.Label("0")
button.on_click(lambda _: setattr(label, "value", str(int(label.value) + 1)))
run, streaming = MadeRun(1000), threading.Event()
def go():
    while True:
        streaming.wait()
        run.log(); run.notify(); time.sleep(0.05)
threading.Thread(target=go, daemon=True).start()
display(w.HBox([button, label]), Curves(run))
"""
CLICK = """async count => {
  const cell = document.querySelector('.jp-Cell');
  const button = cell.querySelector('button.jupyter-button');
  const label = cell.querySelector('.widget-label');
  const times = [];
  for (let i = 0; i < count; i++) {
    const changed = new Promise(done => {
      const observer = new MutationObserver(() => { observer.disconnect(); done(performance.now()); });
      observer.observe(label, { childList: true, characterData: true, subtree: true });
    });
    const begun = performance.now();
    button.click();
    times.push(await changed - begun);
    await new Promise(done => setTimeout(done, 80 + 70 * Math.random()));
  }
  return times;
}"""


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    with sync_playwright() as playwright, LabServer(Path(tempfile.mkdtemp())) as server:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        lab = Lab(server, browser)
        notebook = lab.open([CODE])
        notebook.run(0)
        notebook.page.wait_for_selector(".ftw-curves-panel canvas")
        notebook.page.evaluate(CLICK, 5)
        idle: list[float] = []
        busy: list[float] = []
        for _ in range(BLOCKS):
            notebook.python("streaming.clear() or 0")
            notebook.page.wait_for_timeout(500)
            idle += notebook.page.evaluate(CLICK, CLICKS)
            notebook.python("streaming.set() or 0")
            notebook.page.wait_for_timeout(500)
            busy += notebook.page.evaluate(CLICK, CLICKS)
        notebook.python("streaming.clear() or 0")
        lab.close()
        browser.close()
    result = {
        "benchmark": "curves_clicks",
        "idle_ms": {"p50": statistics.median(idle), "p95": p95(idle)},
        "streaming_ms": {"p50": statistics.median(busy), "p95": p95(busy)},
        "ratio": p95(busy) / p95(idle),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

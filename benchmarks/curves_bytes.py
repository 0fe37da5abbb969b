"""Bytes that reach the browser for each logged step, next to a plotly ``FigureWidget`` fed with the same numbers.

    python -m benchmarks.curves_bytes

A real JupyterLab in Chromium; what counts are the frames of its websocket to the kernel, Jupyter's envelopes included.
Six metrics a step, histories of 10 to 100,000 steps. Prints one line of JSON last.
"""

import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.lab import Lab, LabServer

SIZES = (10, 1_000, 10_000, 100_000)
APPENDS = 20
METRICS = 9  # step, epoch, time and six metrics: the values of a row

OURS = """
import threading, time
from benchmarks.curves_data import MadeRun
from ftwidgets import Curves
run = MadeRun({size})
curves = Curves(run)
display(curves)
def go():
    time.sleep(2)
    for _ in range({appends}):
        run.log(); run.notify(); time.sleep(0.5)  # longer than the stream waits between two messages
    done.append(1)
done = []
"""
PEER = """
import threading, time
import numpy as np, plotly.graph_objects as go_
from benchmarks.curves_data import SIX, table
rows = table({size} + {appends})
figure = go_.FigureWidget()
for i, name in enumerate(SIX):
    figure.add_scatter(x=rows[:{size}, 0], y=rows[:{size}, 3 + i], name=name)
display(figure)
def go():
    time.sleep(4)
    for n in range({size} + 1, {size} + 1 + {appends}):
        with figure.batch_update():
            for i, trace in enumerate(figure.data):
                trace.x, trace.y = rows[:n, 0], rows[:n, 3 + i]
        time.sleep({pause})
    done.append(1)
done = []
"""


def measure(lab: Lab, code: str, wait_for: str, appends: int) -> tuple[float, list[int]]:
    """Mean bytes of an appended step, everything counted, and the size of each frame with rows in it."""
    notebook = lab.open(["0"])
    frames: list[tuple[float, int, bool]] = []
    received = lambda data: frames.append((time.monotonic(), len(data), isinstance(data, bytes) and b"rows" in data))  # noqa: E731
    notebook.page.on("websocket", lambda socket: socket.on("framereceived", received))
    notebook.reload()  # the listener sees only sockets opened after it
    notebook.page.evaluate("code => window.__panel.content.widgets[0].model.sharedModel.setSource(code)", code)
    notebook.run(0)
    notebook.page.wait_for_selector(wait_for)
    notebook.python("(threading.Thread(target=go).start(), 0)[1]")
    time.sleep(1.2)
    frames.clear()
    while not frames or time.monotonic() - frames[-1][0] < 3:
        notebook.page.wait_for_timeout(200)
    seen = list(frames)
    assert notebook.python("len(done)") == 1
    lab.close()
    return sum(size for _, size, _ in seen) / appends, [size for _, size, ours in seen if ours]


def main() -> None:
    result: dict = {"benchmark": "curves_bytes", "values_per_step": METRICS}
    result |= {"ftwidgets": {}, "envelope_bytes": {}, "figurewidget": {}}
    with sync_playwright() as playwright, LabServer(Path(tempfile.mkdtemp())) as server:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        for size in SIZES:
            code = OURS.format(size=size, appends=APPENDS)
            bytes_, frames = measure(Lab(server, browser), code, ".ftw-curves-panel canvas", APPENDS)
            assert len(frames) == APPENDS
            result["ftwidgets"][size] = bytes_
            result["envelope_bytes"][size] = max(frames) - 8 * METRICS
            print(f"ftwidgets    {size:>7} steps: {bytes_:>12,.0f} bytes a step, messages of {max(frames)} at most")
        for size in SIZES[1:]:
            appends = 5
            code = PEER.format(size=size, appends=appends, pause=0.5 if size < 100_000 else 2)
            bytes_, _ = measure(Lab(server, browser), code, ".plotly-graph-div, .js-plotly-plot", appends)
            result["figurewidget"][size] = bytes_
            print(f"FigureWidget {size:>7} steps: {bytes_:>12,.0f} bytes a step")
        browser.close()
    result["ratio"] = {size: result["figurewidget"][size] / result["ftwidgets"][size] for size in SIZES[1:]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()

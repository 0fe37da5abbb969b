"""How quickly curves open, move and zoom in a real Chromium, next to plotly.js with the same numbers.

    python -m benchmarks.curves_frames

Frames are those of requestAnimationFrame while the chart is panned or zoomed on every one of them; 60 a second is
what a headless browser gives at best. Chromium draws in software here. Prints one line of JSON last.
"""

import base64
import json
from itertools import pairwise
from pathlib import Path

import plotly
from playwright.sync_api import Page, sync_playwright

from benchmarks.curves_data import SIX, TWENTY, MadeRun, table
from ftwidgets.widgets.stream import Stream
from tests.browser import chromium
from tests.browser.widget_page import STATIC, WidgetPage

STEPS = 100_000
FRAMES = 120

# Turns the wheel over the first chart once a frame: back and forth (shift) or in and out (ctrl).
WHEEL = """async ([frames, key]) => {
  const over = document.querySelector('.ftw-curves-over');
  const box = over.getBoundingClientRect();
  const turn = down => over.dispatchEvent(new WheelEvent('wheel', { deltaY: down ? 100 : -100, [key]: true,
    clientX: box.x + box.width / 3, clientY: box.y + box.height / 2, bubbles: true, cancelable: true }));
  const next = () => new Promise(done => requestAnimationFrame(done));
  for (let i = 0; i < 4; i++) over.dispatchEvent(new WheelEvent('wheel', { deltaY: -100, ctrlKey: true,
    clientX: box.x + box.width / 2, clientY: box.y + 9, bubbles: true, cancelable: true }));
  await next(); await next();
  const times = [];
  for (let i = 0; i < frames; i++) {
    turn(Math.floor(i / 3) % 2 === 0);
    times.push(await next());
  }
  return times;
}"""
OPEN = """async ([content, buffers]) => {
  const bytes = buffers.map(b => new DataView(Uint8Array.from(atob(b), c => c.charCodeAt(0)).buffer));
  const begun = performance.now();
  window.fake.model.emit('msg:custom', content, bytes);
  do await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  while (document.querySelector('.ftw-curves[data-pending]'));
  return performance.now() - begun;
}"""
PLOTLY = """async ([columns, names]) => {
  const data = columns.map(b => new Float64Array(Uint8Array.from(atob(b), c => c.charCodeAt(0)).buffer));
  const div = document.body.appendChild(document.createElement('div'));
  div.style.height = '600px';
  const begun = performance.now();
  const traces = names.map((name, i) => ({ x: data[0], y: data[i + 1], name, mode: 'lines' }));
  await Plotly.newPlot(div, traces);
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const opened = performance.now() - begun;
  const times = [];
  for (let i = 0; i < 12; i++) {
    const from = 30000 + 2500 * (i % 6);
    await Plotly.relayout(div, { 'xaxis.range': [from, from + 40000] });
    times.push(await new Promise(done => requestAnimationFrame(done)));
  }
  return { opened, times };
}"""


def rate(times: list[float]) -> dict[str, float]:
    gaps = sorted(b - a for a, b in pairwise(times))
    middle, late = gaps[len(gaps) // 2], gaps[int(0.95 * len(gaps))]
    return {"fps": 1000 * len(gaps) / (times[-1] - times[0]), "frame_p50_ms": middle, "frame_p95_ms": late}


def opened(page: Page, runs: list[MadeRun]) -> tuple[WidgetPage, float, int]:
    """A page with these runs, milliseconds from the message to the drawn frame, and the bytes of the message."""
    traits: dict[str, object] = {"view": {}, "selectable": False, "heading": True, "saved": {}}
    widget = WidgetPage(page, "curves", traits, "light", STATIC)
    sent: list = []
    Stream(runs, lambda content, buffers: sent.append((content, buffers))).ready([])
    content, buffers = sent[0]
    packed = [base64.b64encode(buffer).decode() for buffer in buffers]
    return widget, page.evaluate(OPEN, [content, packed]), sum(map(len, buffers))


def main() -> None:
    result: dict = {"benchmark": "curves_frames"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))

        def page() -> Page:
            return browser.new_page(viewport={"width": 1400, "height": 1000})

        shown = page()
        _, result["open_100k_x_20_ms"], size = opened(shown, [MadeRun(STEPS, TWENTY)])
        print(f"open 100,000 steps x 20 metrics ({size / 1e6:.0f} MB): {result['open_100k_x_20_ms']:.0f} ms")
        shown.close()

        for name, runs in {
            "one_run_100k_x_6": [MadeRun(STEPS)],
            "ten_runs_10k_x_6": [MadeRun(STEPS // 10, seed=seed) for seed in range(10)],
        }.items():
            shown = page()
            _, opening, _ = opened(shown, runs)
            shown.evaluate(WHEEL, [10, "shiftKey"])
            pan = rate(shown.evaluate(WHEEL, [FRAMES, "shiftKey"]))
            zoom = rate(shown.evaluate(WHEEL, [FRAMES, "ctrlKey"]))
            result[name] = {"open_ms": opening, "pan": pan, "zoom": zoom}
            print(f"{name}: open {opening:.0f} ms, pan {pan['fps']:.0f} fps, zoom {zoom['fps']:.0f} fps")
            shown.close()

        shown = page()
        shown.goto("about:blank")
        shown.add_script_tag(path=Path(plotly.__file__).parent / "package_data" / "plotly.min.js")
        rows = table(STEPS)
        columns = [base64.b64encode(rows[:, i].tobytes()).decode() for i in (0, *range(3, 3 + len(SIX)))]
        peer = shown.evaluate(PLOTLY, [columns, list(SIX)])
        result["plotly_js_100k_x_6"] = {"open_ms": peer["opened"], "pan": rate(peer["times"])}
        print(f"plotly.js: open {peer['opened']:.0f} ms, pan {result['plotly_js_100k_x_6']['pan']['fps']:.1f} fps")
        browser.close()
    result["ratio"] = result["one_run_100k_x_6"]["pan"]["fps"] / result["plotly_js_100k_x_6"]["pan"]["fps"]
    print(json.dumps(result))


if __name__ == "__main__":
    main()

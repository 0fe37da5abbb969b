"""The curves in a real browser, on the real stream: what is drawn, read, zoomed, chosen and kept."""

import numpy as np
import pytest

from ftwidgets.widgets.decimate import smoothed
from ftwidgets.widgets.record import saved_curves
from tests.widgets.curves_run import MadeRun

from .curves_page import CurvesPage


def test_the_whole_history_at_once_then_each_step(widget_page):
    run = MadeRun(100)
    shown = CurvesPage(widget_page, [run])
    assert shown.panels[:3] == ["loss", "rewards", "margins"]
    assert shown.value("loss") == run.value("loss", 100)
    assert shown.value("eval_loss") == run.value("eval_loss", 100)
    run.log(3)
    shown.answer()
    assert shown.value("loss") == run.value("loss", 103)
    assert shown.readout.startswith("latest: step 103 · epoch 0.26 · 3:26")
    assert [message.content["type"] for message in shown.widget.sent] == ["ready"]


def test_lost_rows_are_asked_for(widget_page):
    run = MadeRun(10)
    shown = CurvesPage(widget_page, [run])
    shown.stream._send = lambda content, buffers: None
    run.log()
    shown.answer()
    shown.stream._send = shown.widget.send
    run.log()
    shown.answer()
    assert shown.widget.wait_for_sent("ready", 2).content["have"] == [10]
    shown.answer()
    assert shown.value("loss") == run.value("loss", 12)


def test_a_page_that_comes_back_says_what_it_holds(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(10)])
    shown.page.evaluate("() => { document.dispatchEvent(new Event('visibilitychange')) }")
    assert shown.widget.wait_for_sent("ack").content["have"] == [10]


def test_a_second_view_needs_nothing_from_the_kernel(widget_page):
    run = MadeRun(60)
    shown = CurvesPage(widget_page, [run])
    second = shown.widget.add_view()
    second.locator(".ftw-curves-panel").first.scroll_into_view_if_needed()
    value = second.locator("[data-metric='loss'] .ftw-curves-value")
    value.wait_for()
    shown.frame()
    assert float(value.get_attribute("data-exact")) == run.value("loss", 60)


def test_a_closed_view_leaves_no_listener(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(5)])
    before = shown.widget.listeners
    shown.widget.add_view()
    assert shown.widget.listeners > before
    shown.widget.close_view(1)
    assert shown.widget.listeners == before
    shown.widget.close_view(0)
    assert shown.page.locator(".ftw-curves").count() == 0


SPIKE = """([panel, at]) => {
  // Whether the canvas has ink in the top tenth of the plot, in the pixel columns around `at`.
  const canvas = document.querySelector(`[data-panel='${panel}'] canvas`);
  const over = document.querySelector(`[data-panel='${panel}'] .ftw-curves-over`);
  const x = over.offsetLeft + at * over.offsetWidth;
  const ink = canvas.getContext('2d').getImageData(x - 2, over.offsetTop, 5, over.offsetHeight / 10).data;
  const strong = [];
  for (let i = 0; i < ink.length; i += 4) if (ink[i + 3] > 60 && ink[i + 2] - ink[i] > 40) strong.push(i);
  return strong.length;
}"""


def test_a_spike_of_one_step_in_a_hundred_thousand_is_seen_and_read(widget_page):
    run = MadeRun(0)
    for step in range(1, 100_001):
        run.store.append({"step": step, "epoch": 0, "time": step, "loss": 9.0 if step == 61_803 else 0.5})
    shown = CurvesPage(widget_page, [run])
    at = (61_803 - 1) / 99_999
    assert shown.page.evaluate(SPIKE, ["loss", at]) > 0
    assert shown.page.evaluate(SPIKE, ["loss", at - 0.05]) == 0
    shown.hover("loss", at, 0.1)
    assert shown.value("loss") == 9.0
    assert shown.readout.startswith("step 61\u2009803 ")


def test_the_pointer_reads_all_charts_at_one_step(widget_page):
    run = MadeRun(80)
    shown = CurvesPage(widget_page, [run])
    shown.hover("rewards", (33 - 1) / 79)
    assert shown.readout.startswith("step 33 ·")
    for metric in ("loss", "rewards/chosen", "rewards/rejected", "rewards/margins", "learning_rate"):
        assert shown.value(metric) == run.value(metric, 33)
    assert shown.value("eval_loss") == run.value("eval_loss", 50)
    assert "ftw-curves-stale" in shown.widget.view.locator("[data-metric='eval_loss']").get_attribute("class")
    shown.page.mouse.move(1, 1)
    shown.frame()
    assert shown.readout.startswith("latest: step 80")


def test_nothing_moves_while_the_pointer_reads(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(80)])
    boxes = "all => all.map(e => JSON.stringify(e.getBoundingClientRect()))"
    before = shown.widget.view.locator(".ftw-curves-over, .ftw-curves-panel").evaluate_all(boxes)
    for across in (0.01, 0.3, 0.77):
        shown.hover("loss", across)
        assert shown.widget.view.locator(".ftw-curves-over, .ftw-curves-panel").evaluate_all(boxes) == before


def test_dragging_zooms_all_charts(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(101)])
    shown.drag("loss", 0.25, 0.75)
    assert shown.steps_in_view("rewards") == (26, 76)
    shown.drag("rewards", 0.5, 0.25, key="Shift")  # content moves with the hand: later steps come in
    first, last = shown.steps_in_view("loss")
    assert last - first in (49, 50) and 37 <= first <= 40
    shown.page.mouse.dblclick(*shown.at("loss", 0.5))
    shown.frame()
    assert shown.steps_in_view("rewards") == (1, 101)


def test_the_wheel_zooms_only_with_a_key(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(101)])
    shown.hover("loss", 0.5)
    shown.page.mouse.wheel(0, -100)
    shown.frame()
    assert shown.steps_in_view("loss") == (1, 101)
    shown.hover("loss", 0.5)
    shown.page.keyboard.down("Control")
    shown.page.mouse.wheel(0, -100)
    shown.page.keyboard.up("Control")
    shown.frame()
    assert shown.steps_in_view("loss") == (11, 91)


def test_smoothing_is_what_its_tooltip_says(widget_page):
    run = MadeRun(60)
    shown = CurvesPage(widget_page, [run])
    slider = shown.widget.view.get_by_role("slider")
    slider.fill("0.9")
    shown.hover("loss", 40 / 59)
    raw = np.array([run.value("loss", step) for step in range(1, 61)])
    beta, t = 0.9, np.arange(1, 42)
    by_hand = (1 - beta) * np.sum(beta ** (41 - t) * raw[:41]) / (1 - beta**41)
    assert shown.value("loss") == raw[40]
    assert shown.value("loss", "smoothed") == pytest.approx(by_hand, rel=1e-12)
    assert shown.value("loss", "smoothed") == pytest.approx(smoothed(raw, beta)[40], rel=1e-12)
    assert np.isnan(shown.value("learning_rate", "smoothed"))
    slider.fill("0")
    shown.hover("loss", 0.5)
    assert np.isnan(shown.value("loss", "smoothed"))


def test_a_logarithmic_axis_where_values_allow_it(widget_page):
    run = MadeRun(30)
    run.store.append({"step": 31, "epoch": 0.1, "time": 62, "rewards/chosen": -1.0})
    shown = CurvesPage(widget_page, [run])
    shown.widget.view.get_by_role("button", name="Log").click()
    shown.frame()
    assert shown.panel("loss").locator(".ftw-curves-tag").inner_text() == "log"
    assert shown.panel("rewards").locator(".ftw-curves-tag").inner_text() == "linear: zero or negative"


def test_the_keyboard_reads_zooms_and_chooses(widget_page):
    run = MadeRun(100)
    shown = CurvesPage(widget_page, [run])
    shown.panel("loss").focus()
    shown.press("Home")
    assert shown.value("loss") == run.value("loss", 1)
    shown.press("ArrowRight", "ArrowRight", "PageDown", "ArrowLeft")
    assert shown.value("loss") == run.value("loss", 12)
    spoken = shown.widget.view.locator(".ftw-curves-spoken")
    assert "step 12" in spoken.inner_text() and "loss" in spoken.inner_text()
    shown.press("End")
    assert shown.readout.startswith("step 100 ")
    shown.press("ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft")
    chosen = [m.content for m in shown.widget.sent if m.content["type"] == "select"]
    assert chosen[-1] == {"type": "select", "from_step": 97, "to_step": 99}
    shown.press("Enter")
    assert shown.widget.wait_for_sent("pick").content == {"type": "pick", "step": 97, "run": 0}
    shown.press("Home", "+")
    first, last = shown.steps_in_view("rewards")
    assert first == 1 and 48 <= last <= 52
    shown.press("0")
    assert shown.steps_in_view("rewards") == (1, 100)


def test_a_chart_says_itself_in_words(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(100)])
    shown.panel("loss").focus()
    label = shown.panel("loss").get_attribute("aria-label")
    assert label.startswith("Loss. loss: ") and "at step 100" in label and "loss in evaluation" in label
    assert "dpo training, step 100: loss" in shown.widget.view.locator(".ftw-curves-spoken").inner_text()


def test_a_point_and_a_stretch_of_steps_reach_python(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(101)])
    shown.page.mouse.click(*shown.at("loss", 0.4))
    assert shown.widget.wait_for_sent("pick").content == {"type": "pick", "step": 41, "run": 0}
    shown.drag("margins", 0.198, 0.502, key="Alt")
    expected = {"type": "select", "from_step": 21, "to_step": 51}
    assert shown.widget.wait_for_sent("select").content == expected
    assert shown.panel("loss").locator(".ftw-curves-band").is_visible()
    shown.widget.view.get_by_role("button", name="Select steps").click()
    shown.drag("loss", 0.0, 0.1)
    assert shown.widget.wait_for_sent("select", 2).content["to_step"] == 11


def test_without_callbacks_nothing_asks_for_them(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(20)], traits={"selectable": False})
    shown.page.mouse.click(*shown.at("loss", 0.4))
    assert shown.widget.view.get_by_role("button", name="Select steps").count() == 0
    assert [m.content["type"] for m in shown.widget.sent] == ["ready"]


def test_what_is_set_by_hand_is_kept(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(60)])
    shown.widget.view.get_by_role("button", name="Cap outliers").click()
    shown.widget.view.get_by_label("x axis").select_option("epoch")
    view = shown.widget.wait_for_saved(2)["view"]
    assert (view["cap"], view["axis"]) == (True, "epoch")
    shown.widget.set(view={"axis": "time", "smoothing": 0})
    shown.frame()
    assert shown.widget.view.get_by_label("x axis").input_value() == "time"
    assert shown.widget.view.locator(".ftw-curves-weight").inner_text() == "off"


def test_tokens_are_an_axis_and_evaluation_stands_where_training_stood(widget_page):
    run = MadeRun(0)
    for step in range(1, 11):
        run.store.append({"step": step, "epoch": 0, "time": step, "loss": 1 / step, "num_tokens": 1000 * step})
    run.store.append({"step": 10, "epoch": 0, "time": 10, "eval_loss": 0.25})
    shown = CurvesPage(widget_page, [run], traits={"view": {"axis": "num_tokens", "smoothing": 0}})
    shown.hover("loss", 1.0)
    assert "10\u2009000 tokens" in shown.readout
    assert shown.value("eval_loss") == 0.25
    assert "ftw-curves-stale" not in shown.widget.view.locator("[data-metric='eval_loss']").get_attribute("class")


def test_every_metric_can_be_opened(widget_page):
    run = MadeRun(10)
    run.store.append(run.place() | {"my/own": 1.0, "my/other": 2.0})
    shown = CurvesPage(widget_page, [run])
    assert "logps" not in shown.panels
    shown.widget.view.get_by_role("button", name="Metrics").click()
    search = shown.widget.view.get_by_role("searchbox")
    search.fill("own")
    boxes = shown.widget.view.get_by_role("checkbox")
    assert boxes.count() == 1
    boxes.check()
    assert shown.widget.wait_for_saved()["view"]["open"] == {"other:my": True}
    shown.frame()
    assert shown.panels[-1] == "other:my"
    search.fill("nonsense")
    assert boxes.count() == 0
    shown.page.keyboard.press("Escape")
    assert not search.is_visible()
    shown.panel("loss").hover()
    shown.panel("loss").get_by_role("button").click()
    shown.frame()
    assert "loss" not in shown.panels


def test_events_say_what_they_are(widget_page):
    run = MadeRun(101)
    run.events.add("note", step=51, level="warning", text="Gradient spike <b>41</b>")
    shown = CurvesPage(widget_page, [run])
    x, y = shown.at("loss", 0.5, 1.0)
    shown.page.mouse.move(x, y + 7)
    tip = shown.panel("loss").locator(".ftw-curves-tip")
    assert tip.inner_text().splitlines() == ["step 50: evaluation", "step 51: warning, Gradient spike <b>41</b>"]
    shown.page.mouse.move(*shown.at("loss", 0.5, 0.5))
    assert not tip.is_visible()


def test_several_runs_share_one_legend(widget_page):
    first, second = MadeRun(60), MadeRun(90, id="b", name="b")
    shown = CurvesPage(widget_page, [first, second])
    assert shown.panels[:3] == ["loss:loss", "rewards:rewards/chosen", "rewards:rewards/rejected"]
    chips = shown.widget.view.locator(".ftw-curves-chip")
    assert chips.locator(".ftw-curves-run-name").all_inner_texts() == ["dpo", "b"]
    shown.hover("rewards:rewards/chosen", (30 - 1) / 89)
    values = chips.locator(".ftw-curves-value").evaluate_all("all => all.map(e => Number(e.dataset.exact))")
    assert values == [first.value("rewards/chosen", 30)] * 2
    assert "Rewards: chosen" in shown.widget.view.locator(".ftw-curves-of").inner_text()
    chips.nth(1).click()
    assert shown.widget.wait_for_saved()["view"]["hidden"] == ["b"]
    shown.frame()
    assert shown.steps_in_view("loss:loss")[1] == 60


def test_a_saved_record_is_drawn_without_a_kernel_and_gives_way_to_one(widget_page):
    run = MadeRun(500, status="finished")
    shown = CurvesPage(widget_page, [run], answer=False, traits={"saved": saved_curves([run])})
    shown.frame()
    assert shown.value("loss") == pytest.approx(run.value("loss", 500), rel=1e-5)
    assert shown.widget.wait_for_sent("ready").content["have"] == []
    shown.answer()
    assert shown.value("loss") == run.value("loss", 500)


def test_charts_out_of_sight_are_not_drawn(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(20)], height=300)
    widths = shown.widget.view.locator(".ftw-curves-canvas").evaluate_all("all => all.map(e => e.width)")
    assert widths[0] > 300 and widths[-1] == 300  # a canvas nobody drew on has 300 pixels
    shown.widget.view.locator(".ftw-curves-panel").last.scroll_into_view_if_needed()
    shown.page.wait_for_function("() => [...document.querySelectorAll('.ftw-curves-canvas')].at(-1).width > 300")


@pytest.mark.parametrize(("width", "columns"), [(600, 1), (900, 2), (1400, 3)])
def test_charts_stand_beside_each_other_where_there_is_room(widget_page, width, columns):
    shown = CurvesPage(widget_page, [MadeRun(20)], width=width)
    tops = shown.widget.view.locator(".ftw-curves-panel").evaluate_all("all => all.map(e => e.offsetTop)")
    assert tops.count(tops[0]) == columns
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_colours_follow_the_theme(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(20)], theme="dark")
    root = shown.widget.view.locator(".ftw-curves")
    assert "ftw-curves-dark" in root.get_attribute("class")
    shown.page.evaluate(
        """() => { document.querySelector("link[href='/theme/dark.css']").remove();
                   document.body.dataset.jpThemeName = 'JupyterLab Light'; }"""
    )
    shown.frame()
    assert "ftw-curves-dark" not in root.get_attribute("class")


def test_before_the_first_step_it_says_what_comes(widget_page):
    shown = CurvesPage(widget_page, [MadeRun(0)])
    assert "No step logged yet" in shown.readout
    assert shown.panels == []

"""What stays of curves where no kernel is: decimated points, a picture, tables, plain figures."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.decimate import keep_extremes, smoothed
from ftwidgets.widgets.figure import figure
from ftwidgets.widgets.picture import picture
from ftwidgets.widgets.record import MIME, POINTS, final_metrics, record, saved_curves

from .curves_run import MadeRun


def test_decimation_keeps_ends_and_every_extreme():
    values = np.random.default_rng(0).normal(size=10_000)
    values[6180] = 40
    kept = keep_extremes(values, 200)
    assert len(kept) <= 200 and kept[0] == 0 and kept[-1] == 9999
    assert values[kept].max() == 40 and values[kept].min() == values.min()
    assert (np.diff(kept) > 0).all()
    assert keep_extremes(values[:200], 200).tolist() == list(range(200))


def test_smoothing_is_the_debiased_average():
    x = np.random.default_rng(1).normal(size=50)
    beta = 0.8
    weights = np.array([[(1 - beta) * beta ** (t - i) if i <= t else 0 for i in range(50)] for t in range(50)])
    np.testing.assert_allclose(smoothed(x, beta), weights @ x / weights.sum(1), rtol=1e-12)


def rebuilt(saved):
    """Rows of a saved run, as labextension/widgets/curves/record.ts reads them."""
    table = {}
    for name, column in saved["columns"].items():
        at = np.cumsum(column["rows"]) if "rows" in column else np.arange(saved["rows"])
        table[name] = np.full(saved["rows"], np.nan)
        table[name][at] = column["values"]
    return table


def test_a_short_run_is_saved_whole():
    run = MadeRun(100)
    table = rebuilt(saved_curves([run])["runs"][0])
    rows = run.store.rows(0)
    for index, name in enumerate(run.store.columns):
        np.testing.assert_allclose(table[name], rows[:, index], rtol=1e-5)


def test_a_long_run_is_saved_small_with_its_spike():
    run = MadeRun(20_000)
    run.store.append(run.place() | {"loss": 77.0})
    run.log(20_000)
    saved = saved_curves([run])
    assert len(json.dumps(saved)) < 300_000
    table = rebuilt(saved["runs"][0])
    assert np.isfinite(table["loss"]).sum() <= POINTS
    assert np.nanmax(table["loss"]) == 77 and table["step"][np.nanargmax(table["loss"])] == 20_000


def test_numbers_that_are_none_do_not_break_the_record():
    run = MadeRun(5)
    run.store.append({"step": 6, "epoch": 1, "time": 12, "loss": float("inf")})
    run.store.append({"step": 7, "epoch": 1, "time": 14, "loss": float("nan")})
    run.summary = {"loss": float("nan"), "nested": [float("inf"), 1]}
    json.dumps(record([run]), allow_nan=False)


def test_the_bundle_has_something_for_every_reader():
    run = MadeRun(60)
    bundle = record([run], model_id="abc")
    assert list(bundle) == [MIME, "text/html", "image/png", "text/plain"]
    assert bundle[MIME]["reattach"] == "ftwidgets.load_run('runs/20260101-dpo').curves()"
    assert bundle[MIME]["model_id"] == "abc"
    assert "step 60" in bundle["text/plain"] and "eval_loss" in bundle["text/html"]


def test_text_from_elsewhere_is_never_markup():
    run = MadeRun(3, name="<img src=x onerror=alert(1)>")
    run.store.append({"step": 4, "epoch": 1, "time": 8, "<script>alert(1)</script>": 1.0})
    html = record([run])["text/html"]
    assert "<script>" not in html and "<img src=x" not in html


def test_final_metrics_are_those_of_the_history():
    run = MadeRun(50)
    found = {name: rest for name, *rest in final_metrics(run)}
    losses = [run.value("loss", step) for step in range(1, 51)]
    assert found["loss"] == [losses[0], losses[-1], min(losses), max(losses), 50]


@pytest.mark.parametrize("runs", [[MadeRun(0)], [MadeRun(1)], [MadeRun(60)], [MadeRun(60), MadeRun(20, name="b")]])
def test_a_picture_needs_no_browser_and_stays_small(runs):
    data = picture(runs)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG" and image.width == 840
    assert len(data) < 90_000


def test_a_picture_can_be_a_vector_graphic():
    assert b"<svg" in picture([MadeRun(10)], format="svg")


def test_a_plain_figure_has_the_panels_and_keeps_the_spike():
    run = MadeRun(5000)
    run.store.append({"step": 5001, "epoch": 13, "time": 10002, "loss": 50.0})
    drawn = figure(run.store.frame(), smoothing=0)
    assert type(drawn).__name__ == "Figure"
    titles = [note.text for note in drawn.layout.annotations]
    assert titles[:3] == ["Loss", "Rewards", "Margin and accuracy"]
    loss = next(trace for trace in drawn.data if trace.name == "loss")
    assert len(loss.x) <= 600 and max(loss.y) == 50
    assert drawn.layout.uirevision and drawn.layout.hovermode == "x unified"


def test_a_figure_of_several_runs_has_one_legend_and_a_colour_each():
    drawn = figure({"a": MadeRun(20).store.frame(), "b": MadeRun(30).store.frame()}, axis="epoch")
    legend = [trace.name for trace in drawn.data if trace.showlegend]
    assert sorted(legend) == ["a", "b"]
    assert len({trace.line.color for trace in drawn.data if trace.name.startswith("a")}) == 1


def test_a_figure_of_what_is_not_there_says_so():
    with pytest.raises(FtwidgetsError, match="no metric"):
        figure(MadeRun(0).store.frame())
    with pytest.raises(FtwidgetsError, match="axis='nonsense'"):
        figure(MadeRun(5).store.frame(), axis="nonsense")

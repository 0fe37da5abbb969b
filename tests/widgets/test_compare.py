"""Comparison: who is ahead in words and numbers, files out, live runs, notes."""

import csv
import threading

import ipywidgets as w
import numpy as np
import pytest

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import start_run
from ftwidgets.runs.history import History
from ftwidgets.runs.remarks import read_remarks
from ftwidgets.runs.trash import move_to_trash
from ftwidgets.widgets.compare import Comparison
from ftwidgets.widgets.comparison_text import metrics_table, standings_table, value_text
from tests.patience import PATIENCE

from ..runs.recorded import judged, log, recorded

TWELVE = list(range(12))


@pytest.fixture
def two(tmp_path):
    """Twelve shared pairs: the first run gets all of them right, the second four, none of the others."""
    first = recorded(tmp_path, [log(1, loss=0.5), judged(1, TWELVE, [0.25] * 12)], run_name="<b>first</b>")
    second = recorded(tmp_path, [log(1, loss=0.7), judged(1, TWELVE, [0.5] * 4 + [-0.5] * 8)], learning_rate=1e-3)
    return first, second


def test_the_verdict_says_who_is_ahead_and_whether_the_pairs_can_tell(two):
    comparison = ftwidgets.compare(two)
    said = comparison._verdict.value
    # exact McNemar of 0 : 8 is 2 / 2^8
    assert "Best on 12 held-out pairs: &lt;b&gt;first&lt;/b&gt;" in said and "in 100%" in said
    assert f"is ahead of {two[1].id} (McNemar p = 0.0078)" in said
    table = comparison.table.set_index("id")
    assert table.loc[two[1].id, "held_out/accuracy"] == 4 / 12
    assert table.loc[two[1].id, "held_out/margin"] == pytest.approx((4 * 0.5 - 8 * 0.5) / 12)
    assert table.loc[two[0].id, "loss"] == 0.5 and list(table["learning_rate"]) == [5e-6, 1e-3]
    comparison.close()


def test_a_folder_of_runs_stands_for_all_of_them_but_the_deleted(two):
    runs = two[0].folder.parent
    move_to_trash(recorded(runs.parent, [log(1, loss=0.6)]))
    for given in (runs, str(runs), runs.iterdir()):
        comparison = ftwidgets.compare(given)
        assert sorted(comparison.table["id"]) == sorted(run.id for run in two)
        comparison.close()
    with pytest.raises(FtwidgetsError, match="There is no run to show"):
        ftwidgets.compare(runs / ".trash")
    with pytest.raises(FtwidgetsError, match="No run in"):
        ftwidgets.compare(runs.parent)


def test_the_health_of_each_run_and_the_way_to_its_pairs_stand_in_it(two):
    comparison = ftwidgets.compare(two)
    for notes in comparison._health:
        notes.following.finish()
    headings = [notes._heading.value for notes in comparison._health]
    assert "&lt;b&gt;first&lt;/b&gt;" in headings[0] and two[1].id in headings[1]
    assert all("nothing to remark" in heading for heading in headings)
    # Before any click the first run's lists of pairs are offered, under its name; a click on another's curve asks it.
    assert [pairs.run for pairs in comparison._behind_place.children] == [two[0]]
    comparison.curves._receive(None, {"type": "pick", "step": 1, "run": 1}, [])
    assert [pairs.run for pairs in comparison._behind_place.children] == [two[1]]
    comparison.close()


def test_names_of_runs_are_text_and_no_html(two):
    comparison = ftwidgets.compare(two)
    shown = [comparison._table, comparison._options, comparison._metrics, comparison._verdict]
    assert not any("<b>first" in widget.value for widget in shown)
    comparison.close()


def test_few_pairs_do_not_tell_runs_apart(tmp_path):
    runs = [recorded(tmp_path, [judged(1, [0, 1], margins)]) for margins in ([1, 1], [1, -1])]
    comparison = ftwidgets.compare(runs)
    assert "do not tell it apart" in comparison._verdict.value and "p = 1" in comparison._verdict.value
    comparison.close()


def test_runs_without_held_out_pairs_are_not_ranked(tmp_path):
    comparison = ftwidgets.compare([recorded(tmp_path, [log(1, loss=1)], method="sft"), recorded(tmp_path)])
    assert "nothing here ranks them" in comparison._verdict.value
    assert comparison._at.layout.display == "none"
    comparison.close()


def test_best_evaluation_and_its_kept_checkpoint(tmp_path):
    run = recorded(tmp_path, [judged(2, [0, 1], [1, 1]), judged(4, [0, 1], [1, -1])])
    (run.folder / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    comparison = ftwidgets.compare(run.folder)
    assert "in 50%" in comparison._verdict.value and "checkpoint is kept" not in comparison._verdict.value
    assert "100% at step 2" in comparison._table.value
    comparison.at = "best"
    assert "in 100%" in comparison._verdict.value and "that checkpoint is kept" in comparison._verdict.value
    assert "a little better than it is" in comparison._verdict.value
    comparison.close()


def test_metrics_bound_to_a_loss_are_marked_only_where_methods_differ(tmp_path):
    dpo, other = recorded(tmp_path, [log(1, loss=1, entropy=2)]), recorded(tmp_path, [log(1, loss=3)])
    simpo = recorded(tmp_path, [log(1, loss=2)], method="simpo")
    assert "†" not in metrics_table([dpo, other])
    mixed = metrics_table([dpo, simpo])
    assert "<code>loss †</code>" in mixed and "<code>entropy</code>" in mixed


def test_the_table_shows_what_differs_and_skips_columns_without_numbers(tmp_path):
    from ftwidgets.runs.standing import standings

    made, _ = standings([recorded(tmp_path), recorded(tmp_path)])
    text = standings_table(made, {"beta": [0.1, None]})
    assert "<code>beta</code>" in text and ">0.1<" in text and ">–<" in text and "pair accuracy" not in text
    assert value_text("x" * 500) == "x" * 119 + "…"


def test_files_out(two, tmp_path):
    comparison = ftwidgets.compare([two[0].folder, two[1]])
    with comparison.to_csv(tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [run.id for run in two] and rows[1]["held_out/pairs"] == "12"
    assert comparison.save(tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
    assert b"<svg" in comparison.save(tmp_path / "c.svg").read_bytes()
    assert "plotly" in comparison.save(tmp_path / "c.html").read_text()
    with pytest.raises(FtwidgetsError, match=r"end the name in \.png"):
        comparison.save(tmp_path / "c.gif")
    with pytest.raises(FtwidgetsError, match="cannot be written"):
        comparison.to_csv(tmp_path / "no" / "c.csv")
    assert list(comparison.history["run"]) == [run.id for run in two]
    comparison.close()


def test_figures_are_plain_and_hold_the_numbers(two):
    import plotly.graph_objects as go

    comparison = ftwidgets.compare(two)
    drawn, alone = comparison.figure(metrics=["loss"]), two[0].figure(metrics=["loss"])
    assert type(drawn) is go.Figure and type(alone) is go.Figure
    np.testing.assert_allclose([trace.y[0] for trace in drawn.data], [0.5, 0.7])
    assert list(alone.data[0].y) == [0.5]
    comparison.close()


def test_what_is_no_run_is_refused_and_doubles_count_once(two):
    with pytest.raises(FtwidgetsError, match="only a run has options"):
        ftwidgets.compare([two[0], History()])
    with pytest.raises(FtwidgetsError, match="no run to show"):
        ftwidgets.compare([])
    comparison = ftwidgets.compare([two[0], two[0].folder])
    assert len(comparison.runs) == 1
    comparison.close()


def test_a_live_run_is_judged_again_when_it_was_evaluated(tmp_path):
    evaluated, go_on = threading.Event(), threading.Event()

    def work(context):
        context.training()
        go_on.wait(PATIENCE)
        type, fields = judged(3, [0], [1.0])
        context.emit(type, **fields)
        context.emit("evaluation", step=3)
        return {}

    run = start_run(RunConfig(model="m", dataset="d", output_dir=str(tmp_path / "runs")), work)
    comparison = ftwidgets.compare(run)
    assert "nothing here ranks" in comparison._verdict.value
    comparison._verdict.observe(lambda _: evaluated.set(), "value")
    go_on.set()
    assert evaluated.wait(PATIENCE) and "after step 3" in comparison._verdict.value
    run.wait(PATIENCE)
    comparison.close()


def test_notes_and_tags_are_kept_as_they_are_typed(two):
    comparison = ftwidgets.compare(two)
    form = comparison.folded[-1].body.children[1]
    form.tags.value, form.bookmark.value = "a, a ,b", True
    assert read_remarks(two[1].folder).tags == ("a", "b") and form.tags.value == "a, b"
    assert read_remarks(two[1].folder).bookmarked and not read_remarks(two[0].folder).bookmarked
    comparison.close()


def test_the_record_of_a_comparison_has_its_words_and_tables(two):
    from ftwidgets.widgets.compare import _Output

    kept = []

    class Output:
        def update(self, bundle, raw):
            kept.append(bundle)

    comparison = ftwidgets.compare(two)
    comparison.curves.shown_in(_Output(comparison, Output()), comparison.model_id)
    comparison.curves._receive(None, {"type": "ready", "have": [0, 0], "keeps": "record"}, [])
    (bundle,) = kept
    assert "McNemar p = 0.0078" in bundle["text/html"] and "<code>learning_rate</code>" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Best on 12 held-out pairs") and bundle["image/png"]
    assert "<b>first" not in bundle["text/html"]
    comparison.close()


def test_runs_compared_are_judged_blind_once_all_have_ended(tmp_path):
    run = start_run(RunConfig(method="sft", output_dir=str(tmp_path)), lambda context: context.training() or {})
    assert run.wait(PATIENCE) == "finished"
    more = recorded(tmp_path, [log(1, loss=1.0)], method="sft")
    opened = []
    comparison = Comparison([run, more], blind=lambda *runs: opened.append(runs) or w.HTML())
    assert not comparison._blind.button.disabled
    comparison._blind.button.click()
    assert opened == [(run, more)]
    comparison.close()
    public = ftwidgets.compare(run)
    public._blind.button.click()  # a run without an adapter has nothing to answer with
    assert "⚠" in public._blind._note.value
    public.close()
    assert Comparison([run])._blind is None

"""The widget around the stream: what it is made from, what it tells Python, what it leaves behind."""

import math
import threading

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import start_run
from ftwidgets.runs.history import History
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.record import MIME
from tests.patience import PATIENCE

from .curves_run import MadeRun


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(Curves, "send", lambda self, content, buffers=None: messages.append((content, buffers)))
    return messages


def hear(curves, **content):
    """As the page sends it."""
    curves._handle_custom_msg(content, [])


def test_a_page_is_answered_and_then_follows_the_run(sent):
    run = MadeRun(3)
    curves = Curves(run)
    run.notify()
    assert sent == []
    hear(curves, type="ready", have=[])
    assert len(sent) == 1 and sent[0][0]["runs"][0]["columns"] == list(run.store.columns)


def test_a_bare_history_can_be_shown(sent):
    history = History()
    history.append({"step": 1, "epoch": 0, "time": 0, "loss": 0.5})
    hear(Curves(history), type="ready", have=[])
    assert sent[0][0]["runs"][0]["info"] == {"id": "history-1", "name": "history 1", "status": ""}


@pytest.mark.parametrize(("source", "words"), [([], "no run to show"), (3, "of 3"), ([None], "of None")])
def test_what_is_no_run_says_so(source, words):
    with pytest.raises(FtwidgetsError, match=words):
        Curves(source)


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(FtwidgetsError, match=str(tmp_path)):
        Curves(tmp_path)


def test_chosen_steps_and_points_reach_python():
    runs = [MadeRun(5), MadeRun(5, name="b")]
    curves = Curves(runs)
    assert curves.selectable is False
    heard = []
    curves.on_select(lambda start, stop: heard.append((start, stop)))
    curves.on_pick(lambda step, run: heard.append((step, run)))
    assert curves.selectable is True
    hear(curves, type="select", from_step=2, to_step=4)
    hear(curves, type="pick", step=3, run=1)
    assert heard == [(2, 4), (3, runs[1])]


def test_closing_ends_the_subscription():
    run = MadeRun(5)
    curves = Curves(run)
    assert len(run.listeners) == 1
    curves.close()
    assert run.listeners == []


class Handle:
    def __init__(self):
        self.updates = []

    def update(self, bundle, raw):
        self.updates.append(bundle)


@pytest.fixture
def shown(monkeypatch):
    """Handles of what IPython would have displayed."""
    handles = []

    def display(data, raw, display_id):
        assert raw and display_id and "application/vnd.jupyter.widget-view+json" in data
        handles.append(Handle())
        return handles[-1]

    monkeypatch.setattr("IPython.display.display", display)
    return handles


def test_when_the_run_ends_the_output_becomes_a_record_once(shown):
    run = MadeRun(5)
    curves = Curves(run)
    curves._ipython_display_()
    run.notify()
    assert shown[0].updates == []
    run.ended, run.status = True, "finished"
    run.notify()
    run.notify()
    (bundle,) = shown[0].updates
    assert bundle[MIME]["model_id"] == curves.model_id
    assert "application/vnd.jupyter.widget-view+json" not in bundle


def test_a_page_that_keeps_widget_state_gets_it_instead(shown, sent):
    run = MadeRun(5)
    curves = Curves(run)
    curves._ipython_display_()
    hear(curves, type="ready", have=[], keeps="state")
    run.ended = True
    run.notify()
    assert shown[0].updates == [] and curves.saved["runs"][0]["rows"] == 5


def test_a_page_without_our_extension_keeps_an_ended_run_live(shown, sent):
    run = MadeRun(5, ended=True)
    curves = Curves(run)
    curves._ipython_display_()
    hear(curves, type="ready", have=[], keeps="picture")
    assert shown[0].updates == []


def test_a_run_that_ended_before_is_recorded_when_a_page_shows_it(shown, sent):
    run = MadeRun(5, ended=True)
    curves = Curves(run)
    run.notify()  # as subscribing to a run that has ended does
    curves._ipython_display_()
    curves._ipython_display_()
    hear(curves, type="ready", have=[], keeps="record")
    assert [len(handle.updates) for handle in shown] == [1, 1]


def test_a_widget_around_the_curves_is_recorded_under_its_own_id(sent):
    run = MadeRun(5)
    curves = Curves(run)
    host = Handle()
    curves.shown_in(host, "studio")
    run.ended = True
    run.notify()
    assert host.updates[0][MIME]["model_id"] == "studio"


def test_an_ended_run_becomes_a_record_where_the_extension_draws_it(shown, sent):
    curves = Curves(MadeRun(5, ended=True))
    curves._ipython_display_()
    hear(curves, type="ready", have=[], keeps="record")
    assert len(shown[0].updates) == 1


def test_the_record_holds_what_the_last_look_at_the_run_found(shown, tmp_path):
    """The last steps come with the end: nobody has looked at them when the record is made."""

    def work(context):
        context.training()
        for step in range(1, 41):
            metrics = {"loss": math.log(2), "grad_norm": 0.5, "learning_rate": 1e-7}
            context.emit("log", step=step, epoch=step / 40, metrics=metrics)
            if step == 10:
                begun.set()
                watched.wait(PATIENCE)
        return {}

    begun, watched = threading.Event(), threading.Event()
    config = RunConfig(method="dpo", model="m", dataset="d", max_steps=40, output_dir=str(tmp_path), learning_rate=1e-7)
    run = start_run(config, work)
    curves = Curves(run)
    curves._ipython_display_()
    begun.wait(PATIENCE)
    curves._health.poke()
    curves._health.wait()
    assert run.health == []  # a quarter of the run says nothing of what it learns
    watched.set()
    run.wait(PATIENCE)
    (bundle,) = shown[0].updates
    (saved,) = bundle[MIME]["runs"]
    assert [mark["text"] for mark in saved["marks"] if mark["kind"] == "warning"] == ["The loss has not left log 2"]
    assert [note["headline"] for note in saved["health"]] == ["▲ Warning: The loss has not left log 2  ·  steps 1–40"]
    for part in ("text/html", "text/plain"):
        assert "The loss has not left log 2" in bundle[part]

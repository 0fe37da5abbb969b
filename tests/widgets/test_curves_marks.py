"""Events on the axis."""

from ftwidgets.runs.history import History
from ftwidgets.widgets.marks import events_so_far, marks

from .curves_run import MadeRun


def kinds(run):
    return [(mark["kind"], mark["step"], mark["text"]) for mark in marks(run)]


def test_each_event_with_a_step_is_a_mark_in_the_order_of_steps():
    run = MadeRun(30)
    run.events.add("checkpoint", step=20, path="/somewhere/checkpoints/checkpoint-20")
    run.events.add("samples", step=10, prompt=["a", "b"])
    run.events.add("note", step=15, level="warning", text="gradient spike", until=18)
    run.events.add("note", step=12, level="info", text="normal")
    run.events.add("note", text="of the data: no step")
    run.events.add("resumed", step=20)
    assert kinds(run) == [
        ("samples", 10, "2 prompts"),
        ("note", 12, "normal"),
        ("warning", 15, "gradient spike"),
        ("checkpoint", 20, "checkpoint-20"),
        ("resumed", 20, "from this checkpoint"),
    ]
    assert marks(run)[2]["until"] == 18


def test_a_pause_stands_at_the_last_step_before_it():
    run = MadeRun(10)  # step i was logged 2 i seconds after the start
    for t, status in [(0, "preparing"), (1, "training"), (9, "paused"), (14, "training"), (20, "finished")]:
        run.events.add("status", t=run.started_at + t, status=status)
    assert kinds(run) == [("paused", 4, ""), ("resumed", 7, "")]


def test_an_error_stands_where_the_run_ended():
    run = MadeRun(10)
    run.events.add("error", t=run.started_at + 100, message="loss became nan")
    assert kinds(run) == [("error", 10, "loss became nan")]


def test_a_history_alone_has_no_marks():
    class Bare:
        store = History()

    assert marks(Bare()) == [] and events_so_far(Bare()) == ()

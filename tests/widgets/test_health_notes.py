"""Notes on a run's health under its curves: evidence, rows, and values for the form."""

import math

from ftwidgets.diagnosis.note import Note
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.health_notes import HealthNotes
from ftwidgets.widgets.marks import marks
from ftwidgets.widgets.record import saved_curves
from ftwidgets.widgets.step_pairs import StepPairs
from ftwidgets.widgets.stream import Stream

from ..runs.recorded import log, recorded

RATE = 2e-4


def stuck(tmp_path, spike=False, **options):
    """A DPO run whose loss stays at log 2; with a gradient that spikes at step 25, in rows 7 and 8."""
    events = []
    for step in range(1, 41):
        norm = 40.0 if spike and step == 25 else 0.5 + 0.01 * (step % 5)
        rows = {"step": step, "split": "train", "id": [7, 8], "loss": [0.6, 5.0] if norm > 1 else [0.7, 0.7]}
        events += [("examples", rows), log(step, loss=math.log(2), grad_norm=norm, learning_rate=RATE)]
    return recorded(tmp_path, events, learning_rate=1e-7, max_steps=40, **options)


def shown(run, use=None, behind=None):
    curves = Curves(run)
    view = HealthNotes(run, curves, behind, use)
    view.following.wait()
    return curves, view


def entry(view, rule):
    return next(made for (name, _), made in view._entries.items() if name == rule)


def test_a_note_says_what_is_seen_and_fills_the_form(tmp_path):
    used = []
    curves, view = shown(stuck(tmp_path), used.append)
    assert "▲ 1 warning" in view._heading.value and not entry(view, "stuck_at_start").unfolded
    titles = [made.title for made in view._list.children]
    assert titles == ["▲ Warning: The loss has not left log 2  ·  steps 1–40"]
    one = entry(view, "stuck_at_start")
    assert "0.6931" in one._text.value and "arXiv 2305.18290" in one._source.value
    assert one._form.description == "Use in the form: learning_rate=5e-06" and one._form.layout.display == ""
    assert one._rows.layout.display == "none" and one._tried.layout.display == "none"
    one._form.click()
    assert used == [{"learning_rate": 5e-06}]
    sent = []
    curves._stream.send = sent.append
    one._curve.click()
    assert sent == [{"type": "show", "from": 1, "to": 40, "metrics": list(one._note.metrics)}]


def test_without_a_form_the_values_are_told(tmp_path):
    _, view = shown(stuck(tmp_path))
    one = entry(view, "stuck_at_start")
    assert one._form.layout.display == "none" and "learning_rate=5e-06" in one._tried.value


def test_rows_behind_a_spike_open_in_the_pair_viewer(tmp_path):
    run = stuck(tmp_path, spike=True)
    pairs = StepPairs(run)
    asked = []
    pairs._ask = lambda find, *rest: asked.append(rest)
    _, view = shown(run, behind=pairs)
    one = entry(view, "gradient_spikes")
    assert one._rows.description == "Show the row"
    one._rows.click()
    assert asked == [((8,), "The gradient spikes at one step (step 25)")]


def test_evidence_is_marked_on_the_curves_and_a_whole_run_gets_no_band(tmp_path):
    run = stuck(tmp_path, spike=True)
    assert not [mark for mark in marks(run) if mark["kind"] == "warning"]
    shown(run)
    assert [(m["step"], m["text"], m.get("until")) for m in marks(run) if m["kind"] == "warning"] == [
        (1, "The loss has not left log 2", None),
        (25, "The gradient spikes at one step", 25),
    ]


def test_over_several_runs_evidence_is_no_mark(tmp_path):
    run, other = stuck(tmp_path / "a", spike=True), stuck(tmp_path / "b")
    sent = []
    both = Stream([run, other], lambda content, _: sent.append(content))
    shown(run)
    both.ready([])
    assert run.health and [part["marks"] for part in sent[0]["runs"]] == [[], []]
    assert saved_curves([run, other])["runs"][0]["marks"] == []
    assert [mark["step"] for mark in saved_curves([run])["runs"][0]["marks"]] == [1, 25]


def test_an_open_note_stays_open_while_others_come_and_go(tmp_path):
    _, view = shown(stuck(tmp_path))
    first = entry(view, "stuck_at_start")
    first.unfolded = True
    assert first.body.layout.display == ""
    spike = Note("gradient_spikes", "alarm", "<b>spike</b>", "text", "source", ("grad_norm",), 3, 3)
    view._show([spike, first._note])
    assert [made.unfolded for made in view._list.children] == [False, True] and view._list.children[1] is first
    view._show([first._note])
    assert first.unfolded and view._list.children == (first,)
    view._show([])
    assert view._list.layout.display == "none" and "nothing to remark" in view._heading.value


def test_texts_are_shown_as_text(tmp_path):
    _, view = shown(stuck(tmp_path))
    view._show([Note("x", "info", "title", "<img src=x>", "<i>", (), 1, 2, action={"mapping": "<b>"})])
    one = entry(view, "x")
    assert "<img" not in one._text.value and "<i>" not in one._source.value and "<b>" not in one._tried.value

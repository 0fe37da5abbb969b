"""What the rules see of a run: bit by bit the same as at once, and never more than a bounded part."""

import numpy as np
import pytest

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.diagnosis.following import EVERY, Following, following
from ftwidgets.diagnosis.note import Notes
from ftwidgets.diagnosis.rules import examine
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.runs import Run

from ..runs.recorded import log, recorded


@pytest.fixture
def run(tmp_path):
    return Run(RunConfig(method="dpo", model="m", dataset="d.jsonl", max_steps=100), tmp_path)


def step(run, number, t=0.0, norm=1.0, loss=0.6, ids=(), losses=()):
    """One step as the trainer tells it: its rows first, then its log."""
    given = {"id": list(ids), "loss": list(losses), "chosen_logps": [-10.0] * len(ids), "chosen_length": [5] * len(ids)}
    run.replay({"t": t, "type": "examples", "step": number, "split": "train", **given})
    metrics = {"loss": loss, "grad_norm": norm, "learning_rate": 1e-4}
    run.replay({"t": t, "type": "log", "step": number, "epoch": number / 100, "metrics": metrics})


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("The loss became nan at step 4, in row 7. The step was not taken, ...", (4, "loss")),
        ("The gradient became inf at step 5. The step was not taken, ...", (5, "grad_norm")),
        ("RuntimeError: probability tensor contains either `inf`, `nan` or element < 0", (3, "loss")),
        ("The reward function gave nan to answer 0 of update 3 ('no'). It has to be a finite number: ...", None),
    ],
)
def test_what_ended_a_run_is_the_models_fault_or_the_rewards(run, message, lost):
    step(run, 3)
    run.replay({"t": 0.0, "type": "error", "message": message})
    sight = Sight(run)
    sight.look()
    assert sight.lost == lost


def test_looking_often_sees_what_looking_once_does(run):
    rng = np.random.default_rng(0)
    often = Sight(run)
    for number in range(1, 61):
        norm = 30.0 if number in (25, 50) else float(rng.uniform(0.9, 1.1))
        losses = [0.5, 5.0] if norm > 2 else [0.5, 0.6]
        step(run, number, norm=norm, ids=(2 * number, 2 * number + 1), losses=losses)
        if number % 3 == 0:
            often.look()
    once = Sight(run)
    once.look()
    assert [s.step for s in once.spikes[:2]] == [50, 25] or [s.step for s in once.spikes[:2]] == [25, 50]
    assert sorted((s.step, s.ids) for s in often.spikes[:2]) == sorted((s.step, s.ids) for s in once.spikes[:2])
    assert often.trace("loss").values.tolist() == once.trace("loss").values.tolist()
    assert often.trace("chosen_logps_per_token").values.tolist() == [-2.0] * 60
    (note,) = [note for note in examine(often) if note.rule == "gradient_spikes"]
    assert note.rows == (51, 101) and (note.first, note.last) == (25, 50)


def test_steps_that_were_trained_again_are_seen_once(run):
    sight = Sight(run)
    for number in range(1, 31):
        step(run, number, t=number, norm=50.0 if number == 28 else 1.0, ids=[number], losses=[1.0])
    sight.look()
    assert sight.spikes[0].step == 28
    run.replay({"t": 100, "type": "resumed", "step": 20})
    for number in range(21, 41):
        step(run, number, t=100 + number, ids=[number], losses=[1.0])
    sight.look()
    assert max(spike.ratio for spike in sight.spikes) < 1.1
    assert sight.trace("loss").count == 40 and sight.trace("chosen_logps_per_token").count == 40


def test_a_look_costs_the_same_after_a_long_run(run):
    sight = Sight(run)
    for number in range(1, 3001):
        step(run, number, ids=[number], losses=[1.0])
    sight.look()
    kept = sum(len(trace) for trace in sight.traces.values())
    asked = []
    rows = run.store.rows
    run.store.rows = lambda start, stop=None: asked.append(start) or rows(start, stop)
    step(run, 3001)
    sight.look()
    assert asked == [3000]  # nothing that was read before is read again
    assert sum(len(trace) for trace in sight.traces.values()) <= kept + len(sight.traces)
    assert len(sight.spikes) <= 8


def test_numbers_that_run_out_are_found_in_the_log_and_in_the_error(tmp_path, run):
    for number in range(1, 4):
        step(run, number, loss=None if number == 3 else 0.6)
    sight = Sight(run)
    sight.look()
    assert sight.lost == (3, "loss")
    told = recorded(tmp_path, [log(1, loss=1.0), ("error", {"message": "The gradient became inf at step 2."})])
    (note,) = ftwidgets.health(told)
    assert note.rule == "not_a_number" and note.level == "alarm" and "learning_rate" in note.action
    fine = recorded(tmp_path, [log(1, loss=1.0), ("error", {"message": "No information on the inference server."})])
    assert ftwidgets.health(fine) == []


def test_notes_read_well_and_escape_what_they_hold(run):
    for number in range(1, 61):
        step(run, number, loss=0.6931, norm=0.001)
    notes = ftwidgets.health(run)
    assert repr(notes).startswith("▲ warning: The loss has not left log 2 (steps 1–60)")
    assert "max_length=" in repr(notes) and "<table>" in notes._repr_html_()
    assert notes.frame().loc[0, "rule"] == "stuck_at_start"
    assert repr(Notes()) == "Nothing to remark." and Notes().frame().empty


def test_a_live_run_is_looked_at_now_and_then_and_once_more_at_its_end(run):
    now, seen = [0.0], []
    following = Following(run, clock=lambda: now[0])
    following.subscribe(lambda notes: seen.append(len(notes)))
    for second in range(20):
        now[0] = float(second)
        following.poke()
        following.wait()
    assert len(seen) == 20 / EVERY
    run._status = "finished"
    following.poke()
    following.wait()
    following.poke()
    following.wait()
    assert len(seen) == 20 / EVERY + 1


def test_all_views_of_a_run_share_one_look(run):
    assert following(run) is following(run)
    seen = []
    unsubscribe = following(run).subscribe(lambda notes: seen.append("a"))
    following(run).subscribe(lambda notes: 1 / 0)  # a view that breaks stops no other
    following(run).subscribe(lambda notes: seen.append("b"))
    run._status = "finished"
    assert following(run).finish() == [] and seen == ["a", "b"]
    unsubscribe()
    following(run).finish()
    assert seen == ["a", "b"]

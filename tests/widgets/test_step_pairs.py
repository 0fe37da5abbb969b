"""From a point on a curve to its pairs, and the lists of pairs that a run could not learn."""

import json
import threading

import pytest

from ftwidgets.data.pairs.run_scores import RunScores
from ftwidgets.widgets.behind import behind_curves
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.rollouts import Rollouts, correlation, said
from ftwidgets.widgets.step_pairs import StepPairs, pairs_of_steps, pairs_under
from ftwidgets.widgets.suspects import suspects
from tests.patience import PATIENCE

from ..runs.recorded import recorded


def trained(step, ids, margins, split="train"):
    return "examples", {"step": step, "split": split, "id": ids, "margin": margins, "loss": [1.0] * len(ids)}


EVENTS = [
    trained(1, [0, 1], [0.0, 0.0]),
    trained(2, [2, 3], [1.0, -1.0]),
    trained(3, [4, 5], [-3.0, 2.0]),
    trained(4, [0, 2], [-0.5, -0.25]),
    trained(4, [0, 1], [-2.0, 4.0], "eval"),
]


@pytest.fixture
def run(tmp_path):
    rows = [{"prompt": f"<i>{i}</i>?", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(7)]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return recorded(tmp_path, EVENTS, dataset=str(file), eval_dataset=str(file))


def test_pairs_of_steps_are_those_trained_there_lowest_margin_first(run):
    found = pairs_of_steps(run, "train", 2, 3)
    assert found.ids.tolist() == [4, 3, 2, 5] and found.steps == (2, 3)
    assert found.scores["margin in these steps"] == {2: 1.0, 3: -1.0, 4: -3.0, 5: 2.0}
    assert "Steps 2–3: 4 pairs. Mean margin -0.25, 2 not above 0; 0 in as many steps before." in found.text
    assert "Lowest: rows 4 (-3), 3 (-1), 2 (1); without these the mean is 2." in found.text
    assert pairs_of_steps(run, "eval", 4, 4).ids.tolist() == [0, 1]
    assert "no pair was trained" in pairs_of_steps(run, "train", 9, 9).text


def test_a_pair_seen_twice_in_the_steps_counts_as_it_was_last(run):
    found = pairs_of_steps(run, "train", 1, 4)
    assert found.scores["margin in these steps"][0] == -0.5
    assert found.ids.tolist() == [4, 3, 0, 2, 1, 5]


def test_suspects_by_hand(run):
    scores = RunScores(run.events.of("examples"), "train")
    # 0 began at DPO's 0 and fell, 3 and 4 were below 0 when seen; 1 was never seen anywhere but at 0
    assert suspects(scores, "never_learned").ids.tolist() == [4, 3, 0]
    assert suspects(scores, "flipped").ids.tolist() == [2]
    assert "3 of 6 pairs" in pairs_under(run, "train", "never_learned").text
    assert "0 of 2 pairs" in pairs_under(run, "eval", "flipped").text


def test_what_the_run_noted_of_a_row_is_said_where_it_stands_out(tmp_path):
    noted = [
        ("note", {"level": "warning", "text": "Row 4: both answers are the same.", "split": "train", "rows": [4]}),
        ("note", {"level": "warning", "text": "Row 0 is cut.", "split": "eval", "rows": [0, 4]}),
        ("note", {"level": "info", "text": "Prefix sharing on."}),
    ]
    run = recorded(tmp_path, noted + EVENTS)
    told = " Noted before training: Row 4: both answers are the same."
    assert pairs_of_steps(run, "train", 3, 3).text.endswith(told)
    assert "Noted" not in pairs_of_steps(run, "train", 2, 2).text
    assert pairs_of_steps(run, "eval", 4, 4).text.endswith(" Noted before training: Row 0 is cut.")
    listed = pairs_under(run, "train", "never_learned").text
    assert "the lowest margin first: rows 4, 3, 0." in listed and listed.endswith(told)


def shown(pairs, ask):
    """What the widget says after ``ask()``, when its thread has answered."""
    answered = threading.Event()
    show, fail = pairs._worker._show, pairs._worker._fail
    pairs._worker._show = lambda found: (show(found), answered.set())
    pairs._worker._fail = lambda error: (fail(error), answered.set())
    ask()
    assert answered.wait(PATIENCE)
    pairs._worker._show, pairs._worker._fail = show, fail
    return pairs._said.value


def test_a_click_on_a_curve_opens_the_viewer_on_its_pairs(run):
    curves = Curves(run)
    pairs = behind_curves(run, curves)
    assert isinstance(pairs, StepPairs) and curves.selectable and not pairs.viewers  # nothing was read yet
    text = shown(pairs, lambda: curves._receive(None, {"type": "pick", "step": 3, "run": 0}, []))
    viewer = pairs.viewers["train"]
    viewer._jobs.wait("look")
    assert viewer.shown.tolist() == [4, 5] and "Step 3: 2 pairs" in text
    assert viewer.table.row(4)["prompt"] == [{"role": "user", "content": "<i>4</i>?"}]
    select = {"type": "select", "from_step": 2, "to_step": 3}
    shown(pairs, lambda: curves._receive(None, select, []))
    viewer._jobs.wait("look")
    assert viewer.shown.tolist() == [4, 3, 2, 5] and pairs._place.children == (viewer,)
    shown(pairs, lambda: setattr(pairs._split, "value", "eval"))
    assert "no evaluation" in pairs._said.value and pairs._place.children == ()
    shown(pairs, lambda: pairs.suspect("never_learned"))
    pairs.viewers["eval"]._jobs.wait("look")
    assert pairs.viewers["eval"].shown.tolist() == [0]
    pairs.clear()
    assert not pairs.viewers and pairs._place.children == ()
    pairs.close()
    curves.close()


def test_a_point_that_is_a_mean_of_several_steps_shows_all_of_them(tmp_path, run):
    coarse = recorded(tmp_path, EVENTS, dataset=run.config.dataset, logging_steps=2, test_size=0)
    pairs = StepPairs(coarse)
    assert "Steps 2–3: 4 pairs" in shown(pairs, lambda: pairs.pick(3))
    pairs.close()


def test_a_dataset_that_is_gone_is_said(tmp_path):
    pairs = StepPairs(recorded(tmp_path, EVENTS, dataset=str(tmp_path / "gone.jsonl")))
    assert "its pairs cannot be shown" in shown(pairs, lambda: pairs.pick(3))
    pairs.close()


def test_methods_without_pairs_have_nothing_behind_their_curves(tmp_path):
    assert behind_curves(recorded(tmp_path, method="sft")) is None
    assert isinstance(behind_curves(recorded(tmp_path, method="ppo", reward="r")), Rollouts)


def answers(step, scores, texts=None):
    count = len(scores)
    texts = texts or [f"answer {i}" for i in range(count)]
    numbers = {"score": scores, "kl": [0.5] * count, "length": [i + 1 for i in range(count)]}
    return "rollouts", {"step": step, "prompt": ["<script>"] * count, "completion": texts, **numbers}


def test_rollouts_show_the_latest_and_go_back_by_step(tmp_path):
    events = [answers(0, [3.0, 1.0]), answers(4, [7.0, None], ["<b>x</b>", "late"])]
    rollouts = Rollouts(recorded(tmp_path, events, method="ppo", reward="r"))
    assert "<script>" not in rollouts._table.value and "&lt;b&gt;x" in rollouts._table.value
    assert rollouts.step.value == 4
    rollouts.pick(4)  # optimizer step 4 learnt from what was sampled after step 0
    assert rollouts.step.value == 0 and rollouts._table.value.index("answer 0") < rollouts._table.value.index(
        "answer 1"
    )
    rollouts.order.value = "lowest score"
    assert rollouts._table.value.index("answer 1") < rollouts._table.value.index("answer 0")
    rollouts.show(3, 9)
    assert rollouts.step.value == 4 and "–" in rollouts._table.value
    rollouts.close()


def test_many_rollouts_are_cut_and_their_length_bias_is_said(tmp_path):
    _, event = answers(0, [float(i) for i in range(20)])
    assert "20 answers; score 9.5 on average (0 to 19)" in said(event) and "score and length +1.00" in said(event)
    rollouts = Rollouts(recorded(tmp_path, [("rollouts", event)], method="ppo", reward="r"))
    assert rollouts._table.value.count("<tr>") == 13 and "8 more" in rollouts._table.value
    rollouts.close()


def test_correlation_is_pearsons():
    import numpy as np

    a, b = np.random.default_rng(0).normal(size=(2, 30))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert np.isnan(correlation(a, np.ones(30))) and np.isnan(correlation(a[:2], b[:2]))


def test_steps_that_a_resumed_run_did_again_count_once(run):
    later = max(event["t"] for event in run.events.of("examples")) + 1
    for t, step, ids, margins in [(0, 5, [5], [-9.0]), (2, 4, [0, 2], [3.0, 3.0])]:
        run.events.keep({"t": later + t, "type": "examples"} | trained(step, ids, margins)[1])
    assert pairs_under(run, "train", "flipped").ids.tolist() == [5]
    run.events.keep({"t": later + 1, "type": "resumed", "step": 3})
    # steps 4 and 5 of the first part are no more: row 5 was not unlearnt, and row 0 was learnt
    assert pairs_under(run, "train", "flipped").ids.tolist() == []
    assert pairs_under(run, "train", "never_learned").ids.tolist() == [4, 3]

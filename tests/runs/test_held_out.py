"""Runs judged on held-out pairs: numbers by hand, from the papers' formulas, or by brute force."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from ftwidgets.runs import load_run
from ftwidgets.runs.held_out import Z95, evaluations, mcnemar, wilson
from ftwidgets.runs.standing import standings
from ftwidgets.runs.story import story

from .recorded import judged, pairs, recorded


def test_accuracy_and_margin_are_per_token(tmp_path):
    # By sums the rejected answer of pair 4 would win (-10 < -4); per token the chosen one does (-1 > -2).
    run = recorded(tmp_path, [pairs(3, "eval", [9, 4, 7], [(-6, 3), (-10, 10), (-9, 3)], [(-10, 4), (-4, 2), (-2, 1)])])
    (found,) = evaluations(run)
    assert found.step == 3 and found.ids.tolist() == [4, 7, 9]
    np.testing.assert_allclose(found.margins, [-1 + 2, -3 + 2, -2 + 2.5])
    assert found.right.tolist() == [True, False, True]
    assert found.accuracy == 2 / 3 and found.margin == pytest.approx((1 - 1 + 0.5) / 3)


def test_a_tie_and_a_missing_number_are_not_right(tmp_path):
    run = recorded(tmp_path, [pairs(1, "eval", [0, 1], [(-2, 2), (math.nan, 2)], [(-1, 1), (-1, 1)])])
    (found,) = evaluations(run)
    assert found.right.tolist() == [False, False] and found.margin == 0


def test_a_reward_model_is_judged_by_its_scores(tmp_path):
    fields = {"step": 2, "split": "eval", "id": [0, 1], "margin": [0.5, -2.0], "chosen_length": [9, 9]}
    (found,) = evaluations(recorded(tmp_path, [("examples", fields)], method="reward"))
    assert found.by_score and found.accuracy == 0.5 and found.margin == -0.75


def test_batches_of_one_evaluation_are_joined_and_training_is_left_out(tmp_path):
    events = [judged(4, [1], [1.0]), judged(4, [0], [-1.0]), pairs(4, "train", [8], [(-1, 1)], [(-2, 1)])]
    (found,) = evaluations(recorded(tmp_path, events))
    assert found.ids.tolist() == [0, 1] and found.right.tolist() == [False, True]


def test_what_was_trained_again_after_a_resume_counts_once(tmp_path):
    events = [judged(2, [0], [1.0]), judged(4, [0], [1.0]), ("resumed", {"step": 2}), judged(4, [0], [-1.0])]
    run = recorded(tmp_path, events, reread=False)
    before, again, after = run.events.of("examples")
    for t, event in enumerate([before, again, *run.events.of("resumed"), after]):
        event["t"] = float(t)  # all of it happened within one millisecond
    assert [(e.step, e.accuracy) for e in evaluations(run)] == [(2, 1.0), (4, 0.0)]


def test_wilson_by_hand_and_by_its_definition():
    # 7 of 10: centre (0.7 + 3.8415/20) / 1.38415 = 0.64449, half 1.95996/1.38415 * sqrt(0.021 + 3.8415/400) = 0.24771
    assert wilson(7, 10) == pytest.approx((0.39678, 0.89221), abs=1e-5)
    for right, count in itertools.product((1, 3, 19), (20, 57)):
        for end in wilson(right, count):  # an end is a share from which the count found is just Z95 deviations off
            assert abs(right / count - end) == pytest.approx(Z95 * math.sqrt(end * (1 - end) / count))
    assert wilson(0, 10) == (0.0, pytest.approx(Z95**2 / (10 + Z95**2)))
    assert wilson(0, 0) == (0.0, 1.0)


def test_mcnemar_by_hand_and_by_counting_all_outcomes():
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0
    for a, b in itertools.product(range(5), range(5)):
        if a + b:
            outcomes = [abs(2 * sum(o) - a - b) for o in itertools.product((0, 1), repeat=a + b)]
            assert mcnemar(a, b) == pytest.approx(np.mean([o >= abs(a - b) for o in outcomes]))
    exact = 2 * sum(math.comb(1190, k) for k in range(551)) / 2**1190
    assert mcnemar(550, 640) == mcnemar(640, 550) == pytest.approx(exact, rel=0.01)


def test_runs_stand_on_the_pairs_that_all_of_them_share(tmp_path):
    first = recorded(tmp_path, [judged(0, [0, 1, 2, 3], [-1, -1, 1, 1]), judged(5, [0, 1, 2, 3], [1, 1, 2, 0.5])])
    second = recorded(tmp_path, [judged(5, [1, 2, 3, 4], [-1, 1, 1, 1])])
    (a, b), (group,) = standings([first, second])
    assert group.ids.tolist() == [1, 2, 3] and group.all == 5 and not group.same and group.recut == 0
    assert a.leader and a.judged.accuracy == 1 and b.judged.accuracy == pytest.approx(2 / 3)
    assert a.grown.tolist() == [True, True, False] and b.grown is None
    assert (b.wins, b.losses, b.p) == (0, 1, 1.0) and math.isnan(a.p)
    assert (a.own, b.own) == (4, 4)


def test_best_and_last_evaluation(tmp_path):
    events = [judged(0, [0, 1], [-1, -1]), judged(5, [0, 1], [1, 1]), judged(9, [0, 1], [1, -1])]
    run = recorded(tmp_path, events)
    (last,), _ = standings([run])
    (best,), _ = standings([run], at="best")
    assert (last.judged.step, last.best.step, best.judged.step, last.before.step) == (9, 5, 5, 0)


def test_other_sources_and_other_tokens_are_told(tmp_path):
    here = recorded(tmp_path, [judged(1, [0, 1], [1, 1])])
    there = recorded(tmp_path, [judged(1, [0, 1], [1, 1])], dataset="others.jsonl")
    longer = recorded(tmp_path, [pairs(1, "eval", [0, 1], [(-1, 2), (-1, 3)], [(-2, 2), (-2, 2)])])
    none = recorded(tmp_path, method="sft")
    made, groups = standings([here, there, longer, none])
    assert [s.group for s in made] == [0, 1, 0, -1]
    assert [group.recut for group in groups] == [1, 0]
    assert made[1].leader is False and made[3].judged is None


def test_no_common_pair_means_no_ranking(tmp_path):
    runs = [recorded(tmp_path, [judged(1, [at], [1])]) for at in (0, 1)]
    made, (group,) = standings(runs)
    assert len(group.ids) == 0 and all(s.judged is None for s in made)


def test_a_runs_story_says_of_how_many_pairs_a_share_is():
    run = load_run(Path(__file__).parents[2] / "examples" / "recorded_runs" / "dpo-5e-5")
    last = evaluations(run)[-1]
    low, high = last.interval()
    told = next(line for line in story(run) if "likelier per token" in line)
    assert told.endswith(f"→ {last.accuracy:.0%} (of {len(last.ids)}; 95% interval {low:.0%} to {high:.0%})")

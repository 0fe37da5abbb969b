"""Rules on how a run treats the two answers of a pair."""

from __future__ import annotations

import math

import numpy as np

from ftwidgets.config import PAIRWISE
from ftwidgets.config.run_config import defaults
from ftwidgets.diagnosis.answers import degenerate
from ftwidgets.diagnosis.learning import FEWEST, slower
from ftwidgets.diagnosis.note import Note
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.diagnosis.trend import change, moving

SHARE = 0.05  # of the margin's growth: a smaller fall of the chosen reward is none
FAR = 1.0  # nats per token: every token of the chosen answers e times less likely than at the start
EARLY = 0.25  # of the planned steps
ALL_RIGHT = 0.97  # of the pairs of five steps: one wrong in forty is chance
WIDE = 6.0  # of a margin inside log σ: σ(−6) = 0.25% is left of a pair's gradient
WIDE_SCORES = 12.0  # of a reward model, whose scores have no β and reach 8 in sound recorded runs


def chosen_falls(sight: Sight) -> Note | None:
    """The chosen answers' reward falls although the margin grows, in training or on held-out pairs."""
    if sight.config.method not in PAIRWISE or len(sight.trace("rewards/chosen")) < FEWEST:
        return None
    seen = _falls_held_out(sight) or _falls_in_training(sight)
    if seen is None:
        return None
    where, fall, growth = seen
    per_token = change(sight.trace("chosen_logps_per_token"), 0.25)
    lost = -per_token.by if per_token is not None and per_token.fell() else 0.0
    broken = degenerate(sight.samples)
    text = (
        f"{where}, the chosen answers' reward went from {fall[0]:.3g} to {fall[1]:.3g} while the margin grew from "
        f"{growth[0]:.3g} to {growth[1]:.3g}. The loss asks for the difference alone, and what both answers share is "
        "pushed down with the rejected one. "
    )
    level, action = "info", {}
    if broken or lost >= FAR:
        level = "alarm" if broken or lost >= 2 * FAR else "warning"
        if lost >= FAR:
            text += f"But each token of the chosen answers has become {math.exp(min(lost, 20)):.3g} times less likely. "
        if broken:
            text += "And the answers to the probe prompts repeat themselves or are empty. "
        text += "The model is leaving the text it could write: take smaller steps, or stop earlier."
        action = {"learning_rate": slower(sight, 3)}
    else:
        text += "The chosen answers that were trained are hardly less likely per token for it"
        text += f" ({-lost:+.2g} nats)" if lost else ""
        text += ", so this is no problem by itself: judge the run by held-out pairs and by its answers."
    held_out = "eval_" if where.startswith("On held-out") else ""
    return Note(
        "chosen_falls",
        level,
        "The chosen reward falls while the margin grows" + ("" if level == "info" else ", and it has gone far"),
        text,
        "Rafailov et al., arXiv 2404.12358; Razin et al., arXiv 2410.08847; Pal et al., arXiv 2402.13228",
        (f"{held_out}rewards/chosen", f"{held_out}rewards/margins"),
        sight.trace("rewards/chosen").first,
        sight.trace("rewards/chosen").last,
        action=action,
    )


_Falls = tuple[str, tuple[float, float], tuple[float, float]]  # where; the reward and the margin, before and after


def _falls_held_out(sight: Sight) -> _Falls | None:
    chosen, margin = sight.trace("eval_rewards/chosen").values, sight.trace("eval_rewards/margins").values
    if len(chosen) < 2 or chosen[0] - chosen[-1] <= SHARE * (margin[-1] - margin[0]) or margin[-1] <= margin[0]:
        return None
    return "On held-out pairs", (chosen[0], chosen[-1]), (margin[0], margin[-1])


def _falls_in_training(sight: Sight) -> _Falls | None:
    fall, growth = change(sight.trace("rewards/chosen"), 0.25), change(sight.trace("rewards/margins"), 0.25)
    if fall is None or growth is None or not growth.rose() or not fall.fell(SHARE * growth.by):
        return None
    return "In training", (fall.before, fall.after), (growth.before, growth.after)


def accuracy_early(sight: Sight) -> Note | None:
    """Every pair is ordered right when the run has hardly begun."""
    seen = sight.trace("rewards/accuracies", "accuracy")
    if sight.config.method not in (*PAIRWISE, "reward") or len(seen) < FEWEST:
        return None
    values, steps = seen.values, seen.steps
    right = np.flatnonzero(moving(values, 5) < ALL_RIGHT)
    begin = int(right[-1]) + 1 if len(right) else 0  # from here on all windows of five steps are right
    if begin >= len(values) - 5 or not sight.share:
        return None
    at = steps[begin] / (sight.step / sight.share)
    if at > EARLY:
        return None
    name = "accuracy" if sight.config.method == "reward" else "rewards/accuracies"
    held_out = sight.trace(f"eval_{name}").values
    known = len(held_out) > 1
    text = f"From step {steps[begin]:.0f} on, every pair that is trained comes out right. "
    if known and held_out[-1] < 0.9:
        text += (
            f"Of held-out pairs only {held_out[-1]:.0%} do: the run remembers its pairs more than it understands them. "
        )
    else:
        text += (
            "Either the pairs are easy, or something gives the answer away: a length, a phrase, a format that only "
            "chosen answers have. Look at the pairs; the length check of the pair viewer tests the most common one. "
        )
    text += "What is trained after this only widens margins."
    return Note(
        "accuracy_early",
        "info",
        "All pairs are right early in the run",
        text,
        "Geirhos et al., arXiv 2004.07780, on shortcuts; Park et al., arXiv 2403.19159, on length in DPO",
        (name,),
        int(steps[begin]),
        seen.last,
        action={"max_steps": max(10, int(2 * steps[begin]))} if known and held_out[-1] < 0.9 else {},
    )


def margin_exploding(sight: Sight) -> Note | None:
    """The margin is so wide that the loss is saturated."""
    method = sight.config.method
    if method not in (*PAIRWISE, "reward"):
        return None
    # What stands inside the loss's log σ: DPO's and SimPO's margin times β, ORPO's log odds, a difference of scores
    margin = sight.trace("log_odds_chosen" if method == "orpo" else "rewards/margins", "margin")
    if len(margin) < FEWEST:
        return None
    values, steps = margin.values, margin.steps
    means, wide = moving(values, 5), WIDE_SCORES if method == "reward" else WIDE
    if means[-1] < wide:
        return None
    begin = int(np.flatnonzero(means < wide)[-1]) + 5 if (means < wide).any() else 0
    action: dict[str, object] = {"learning_rate": slower(sight, 3)}
    usual = defaults(method, sight.config.model).get("beta")
    if method in ("dpo", "simpo") and sight.config.beta and usual and sight.config.beta > 3 * usual:
        action = {"beta": usual}
    return Note(
        "margin_exploding",
        "warning",
        "The margin explodes",
        f"The margin inside the loss is {means[-1]:.3g} and passed {wide:g} at step {steps[begin]:.0f}: the model "
        f"takes the chosen answer for e^{means[-1]:.0f} times the better one, and hardly a pair still teaches. "
        "What still moves is the distance from where the model began. Take smaller steps or fewer"
        + (", or loss_type “ipo”, which aims at a finite margin." if method == "dpo" else "."),
        "Azar et al., arXiv 2310.12036, on DPO's overfitting",
        ("log_odds_chosen" if method == "orpo" else "margin" if method == "reward" else "rewards/margins",),
        int(steps[begin]),
        margin.last,
        action=action,
    )

"""Rules on PPO: how far the policy drifts, whether it still explores, and what it is paid for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ftwidgets.diagnosis.learning import slower
from ftwidgets.diagnosis.note import Note
from ftwidgets.diagnosis.sight import Answers, Sight
from ftwidgets.diagnosis.trend import change

UPDATES = 6  # logged updates below which PPO has hardly begun
RUNAWAY = 0.5  # nats per token from the start: e^0.5 = 1.6 times as likely at every token, on average
COLLAPSED = 0.35  # of the entropy at the start
PAID = 0.6  # correlation of score and length among an update's answers
EXPLAINED = 0.75  # of the score's gain: sound recorded runs reach 0.6, whose longer answers are better too
CHANGED = 1.25  # times the mean length at the start, or one over that


def kl_runaway(sight: Sight) -> Note | None:
    """The policy runs away from the model it started as."""
    kl = sight.trace("objective/kl")
    length = sight.trace("completions/mean_length")
    if len(kl) < UPDATES or not len(length):
        return None
    late = float(kl.values[-3:].mean())
    tokens = max(1.0, float(length.values[-3:].mean()))
    if late < RUNAWAY * tokens or late < 2 * float(kl.values[: len(kl) // 2].mean()) * 0.75:
        return None
    coefficient = sight.config.kl_coef or 0.0
    near = np.flatnonzero(kl.values < 0.5 * RUNAWAY * tokens)
    begin = int(kl.steps[near[-1]]) if len(near) else kl.first
    return Note(
        "kl_runaway",
        "alarm",
        "KL runs away",
        f"An answer is {late:.3g} nats from what the starting model would say, {late / tokens:.2g} a token, and "
        f"kl_coef is {coefficient:g}. A reward knows nothing of text so far away: its scores stop meaning anything. "
        "Raise kl_coef, or let adap_kl_ctrl hold the KL near its target.",
        "Gao et al., arXiv 2210.10760, on over-optimisation; Ziegler et al., arXiv 1909.08593, section 2.2",
        ("objective/kl",),
        begin,
        kl.last,
        action={
            "kl_coef": 0.05 if coefficient == 0 else float(f"{min(100.0, 3 * coefficient):.2g}"),
            "adap_kl_ctrl": True,
        },
    )


def entropy_collapse(sight: Sight) -> Note | None:
    """The policy has stopped trying other answers."""
    entropy = sight.trace("policy/entropy_avg")
    if len(entropy) < UPDATES:
        return None
    before, after = float(entropy.values[:2].mean()), float(entropy.values[-3:].mean())
    if after > COLLAPSED * before:
        return None
    fallen = np.flatnonzero(entropy.values > 0.5 * before)
    return Note(
        "entropy_collapse",
        "warning",
        "The policy's entropy has collapsed",
        f"The entropy of the next token fell from {before:.2g} to {after:.2g} nats: nearly all answers are the same by "
        "now, and PPO learns only from differences between answers. Smaller steps and a higher kl_coef keep it trying.",
        "Williams and Peng 1991; Cui et al., arXiv 2505.22617, on entropy collapse in RL of language models",
        ("policy/entropy_avg",),
        int(entropy.steps[fallen[-1]]) if len(fallen) else entropy.first,
        entropy.last,
        action={"learning_rate": slower(sight, 3), "kl_coef": max(0.05, 2 * (sight.config.kl_coef or 0.0))},
    )


def value_flat(sight: Sight) -> Note | None:
    """The value does not learn to foresee scores."""
    loss = sight.trace("loss/value_avg")
    moved = change(loss)
    if moved is None or len(loss) < UPDATES or sight.share < 0.5:
        return None
    if moved.after < 0.8 * moved.before:
        return None
    scores = change(sight.trace("objective/scores"))
    if scores is not None and abs(scores.by) > abs(scores.before) + 1e-6 and moved.after > 1.5 * moved.before:
        return None  # the scores themselves have left the range in which the value learnt
    rate = sight.config.critic_learning_rate or 10 * sight.config.learning_rate
    return Note(
        "value_flat",
        "warning",
        "The value loss does not fall",
        f"The value loss was {moved.before:.3g} in the first third of the steps and is {moved.after:.3g} in the last. "
        f"A value that foresees nothing leaves the advantages noisy, and PPO slow. Its learning rate is {rate:.2g}.",
        "Schulman et al., arXiv 1707.06347, section 5; verl and OpenRLHF give the critic 10 times the policy's rate",
        ("loss/value_avg",),
        loss.first,
        loss.last,
        action={"critic_learning_rate": float(f"{max(10 * sight.config.learning_rate, 3 * rate):.2g}")},
    )


def length_hacking(sight: Sight) -> Note | None:
    """Answers are paid for their length, and follow the money."""
    early, late = sight.early[:3], list(sight.late)[-3:]
    if len(early) < 3 or late[0].step <= early[-1].step:
        return None
    paid, slope = pay([*sight.early, *sight.late])
    before, after = _mean(early, "lengths"), _mean(late, "lengths")
    gained = _mean(late, "scores") - _mean(early, "scores")
    explained = slope * (after - before) / gained if gained > 0 else 0.0
    changed = max(after, before) / max(1.0, min(after, before))
    if abs(paid) < PAID or explained < EXPLAINED or changed < CHANGED:
        return None
    longer = after > before
    return Note(
        "length_hacking",
        "alarm",
        f"The score is had by {'longer' if longer else 'shorter'} answers",
        f"Score and length correlate with {paid:+.2f} among an update's answers, and answers went from {before:.0f} to "
        f"{after:.0f} tokens: that alone explains {min(explained, 1):.0%} of what the score has gained. The policy "
        "learns what length pays, not what you meant. Take length out of the reward (subtract what it predicts)"
        + (", or charge for answers that do not end." if longer else "."),
        "Singhal et al., arXiv 2310.03716: in their runs length explained 70 to 90% of the gain",
        ("objective/scores", "completions/mean_length"),
        early[0].step,
        late[-1].step,
        action=({"missing_eos_penalty": 1.0} if longer else {}) | ({} if sight.config.kl_coef else {"kl_coef": 0.05}),
    )


def pay(updates: Sequence[Answers]) -> tuple[float, float]:
    """How length is paid: Pearson's correlation of score and length, and score per token, both within updates (so that
    a trend over the run does not count); zeros where one does not vary."""
    known = [a for a in updates if len(a.scores) > 2 and len(a.scores) == len(a.lengths)]
    if not known:
        return 0.0, 0.0
    scores = np.concatenate([a.scores - np.nanmean(a.scores) for a in known])
    lengths = np.concatenate([a.lengths - np.nanmean(a.lengths) for a in known])
    both = np.isfinite(scores) & np.isfinite(lengths)
    scores, lengths = scores[both], lengths[both]
    product, across, along = float((scores * lengths).sum()), float((scores**2).sum()), float((lengths**2).sum())
    return (product / float(np.sqrt(across * along)), product / along) if across * along > 0 else (0.0, 0.0)


def _mean(updates: Sequence[Answers], name: str) -> float:
    return float(np.mean([np.nanmean(getattr(answers, name)) for answers in updates]))

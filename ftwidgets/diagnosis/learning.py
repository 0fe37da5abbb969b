"""Rules on whether a run learns at all, of any method."""

from __future__ import annotations

import math

import numpy as np

from ftwidgets.config import METHODS
from ftwidgets.config.run_config import defaults
from ftwidgets.diagnosis.note import Note
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.diagnosis.trend import Change, change

START = math.log(2)  # −log σ(0): what DPO's and a reward model's loss is while they tell nothing apart
NEAR_START = {"dpo": 0.01, "reward": 0.06}  # of the loss; a reward model begins with small random scores
FEWEST = 15  # logged steps below which a curve is all beginning
HALF = 0.5  # of the planned steps: before it, a slow start is no fault
SLIGHT = 0.02  # of the loss at the start: sound recorded runs had gained 15% and more by half time
TINY = 1e-2  # of a gradient's norm: ordinary LoRA runs have 0.1 to 10


def stuck_at_start(sight: Sight) -> Note | None:
    """The loss of DPO or a reward model still stands at log 2."""
    config = sight.config
    log2 = config.method == "reward" or (config.method == "dpo" and config.loss_type in ("sigmoid", "robust"))
    loss = sight.trace("loss")
    if not log2 or len(loss) < FEWEST or sight.share < HALF:
        return None
    late, moved = loss.values[-len(loss) // 3 :], change(loss)
    if moved is None or abs(late.mean() - START) > NEAR_START[config.method] or moved.fell(0.01):
        return None
    norms = sight.trace("grad_norm").values
    gradient = float(np.median(norms[-len(norms) // 3 :])) if len(norms) else math.nan
    told = f"The loss is {late.mean():.4f} after {loss.last} steps; log 2 = 0.6931 is where it began"
    action: dict[str, object]
    if gradient < TINY:
        text = (
            f"{told}, and the gradient's norm is {gradient:.2g}: both answers of a pair look alike to the model. "
            "See them as the model does: are they cut before they differ (max_length), or hardly different?"
        )
        if config.beta:
            text += f" Or is beta={config.beta:g} so small that nothing of their difference is left?"
        usual = defaults(config.method, config.model)
        action = {"max_length": 2 * config.max_length}
        if config.beta and config.beta < 0.2 * usual["beta"]:
            action = {"beta": usual["beta"]}
    else:
        text = (
            f"{told}. Gradients are there (norm {gradient:.2g}): the steps are too small, or which answer was chosen "
            "follows no rule that can be learnt."
        )
        action = {"learning_rate": faster(sight)}
    return Note(
        "stuck_at_start",
        "warning",
        "The loss has not left log 2",
        text,
        "DPO, arXiv 2305.18290, equation 7: −log σ(0) = log 2",
        ("loss", "grad_norm"),
        loss.first,
        loss.last,
        action=action,
    )


def learns_nothing(sight: Sight) -> Note | None:
    """Neither loss nor score is better in the last third than in the first."""
    config = sight.config
    ppo = config.method == "ppo"
    name = "objective/scores" if ppo else "loss"
    seen = sight.trace(name)
    moved = change(seen)
    if moved is None or sight.share < HALF or len(seen) < (10 if ppo else FEWEST):
        return None
    if moved.rose() if ppo else not _stands_still(sight, moved):
        return None  # it learns; or it gets worse, which another rule tells
    if stuck_at_start(sight) is not None or diverges(sight) is not None:
        return None  # which says more
    what = "mean score" if ppo else "loss"
    text = (
        f"The {what} was {moved.before:.3g} in the first third of the steps and is {moved.after:.3g} in the last: "
        f"no more than chance (± {2 * moved.error:.2g}). "
    )
    flat = ppo and all(answers.scores.std() == 0 for answers in sight.late if len(answers.scores))
    if flat:
        text += "All answers of an update get the same score: the reward tells nothing apart, at any learning rate."
    else:
        text += "Most often the learning rate is too small for this many steps."
    known = METHODS[config.method]
    return Note(
        "learns_nothing",
        "warning",
        f"The {what} does not get better",
        text,
        f"Usual learning rates: {known.sources.get('learning_rate', known.paper)}",
        (name,),
        seen.first,
        seen.last,
        action={} if flat else {"learning_rate": faster(sight)},
    )


def _stands_still(sight: Sight, moved: Change) -> bool:
    """Whether neither the training loss nor the held-out loss has come down, nor gone up."""
    begun, held_out = moved.before, sight.trace("eval_loss").values
    if len(held_out) > 1:  # always the same rows, so that little noise hides its trend
        still = abs(held_out[1:] - held_out[0]).max() < SLIGHT * abs(held_out[0])
        return bool(still) and not moved.fell(0.3 * abs(begun))  # else it learns its rows by heart
    return not moved.fell(SLIGHT * abs(begun)) and moved.by < 0.1 * abs(begun)


def warmup_whole_run(sight: Sight) -> Note | None:
    """The learning rate still rises when half of the run is over."""
    rate = sight.trace("learning_rate")
    if len(rate) < FEWEST or sight.share < HALF:
        return None
    values = rate.values
    if not (np.diff(values) >= 0).all() or values[-1] <= 1.02 * values[len(values) * 3 // 4]:
        return None
    told = sight.config.warmup_steps
    text = (
        f"At {sight.share:.0%} of the run the learning rate is {values[-1]:.2g} of {sight.config.learning_rate:.2g} "
        f"and still rises: warmup_steps={told:g} is {'a share of' if told < 1 else 'a number of'} steps. "
        "Warm-up protects the first steps; a run that only warms up ends before it trains at its learning rate."
    )
    return Note(
        "warmup_whole_run",
        "warning",
        "The learning rate warms up for the whole run",
        text,
        "Zephyr, arXiv 2310.16944: 10% of the steps; Goyal et al., arXiv 1706.02677, section 2.2",
        ("learning_rate",),
        rate.first,
        rate.last,
        action={"warmup_steps": 0.1},
    )


def diverges(sight: Sight) -> Note | None:
    """The loss has gone up: for good, or so far that what the model knew was lost."""
    loss, held_out = sight.trace("loss"), sight.trace("eval_loss")
    if sight.config.method == "ppo" or len(loss) < FEWEST:
        return None  # PPO's loss has no level of its own
    values = loss.values
    # Evaluation before training is the best measure of where the run began; else the first steps, before they act.
    begin = float(held_out.values[0]) if held_out.count and held_out.first == 0 else float(values[:3].mean())
    level = np.median(np.lib.stride_tricks.sliding_window_view(values, 5), axis=1)  # one odd batch is no divergence
    peak = int(np.argmax(level))
    late = float(values[-5:].mean())
    for_good = late > 1.2 * begin + 0.05 and late > 1.2 * values[:3].min() + 0.05
    if not for_good and level[peak] < 1.4 * max(begin, float(values[:3].max())) + 0.3:
        return None
    what = (
        f"is {late:.3g} in the last steps"
        if for_good
        else f"rose to {level[peak]:.3g} around step {loss.steps[peak + 2]:.0f}"
    )
    return Note(
        "diverges",
        "alarm" if for_good else "warning",
        "The loss has gone up for good" if for_good else "The loss shot up",
        f"The loss began at {begin:.3g} and {what}. Steps this large undo what the model knew before "
        "they teach it anything. Begin again with smaller ones.",
        "Goodfellow et al., Deep Learning, section 11.4.1: the learning rate comes first",
        ("loss",),
        loss.first,
        loss.last if for_good else int(loss.steps[peak + 4]),
        action={"learning_rate": slower(sight, 10)},
    )


def not_a_number(sight: Sight) -> Note | None:
    """Loss or gradient became NaN or infinite."""
    if sight.lost is None:
        return None
    step, name = sight.lost
    return Note(
        "not_a_number",
        "alarm",
        "Numbers ran out",
        f"{name} was no number any more around step {step}, and nothing can be learnt from there on. Most often the "
        "learning rate is too high; else a damaged row, or float16 where bfloat16 is needed. Checkpoints before it are "
        "sound.",
        "Micikevicius et al., arXiv 1710.03740, section 3.2, on overflow",
        (name,),
        max(0, step - 1),
        step,
        action={"learning_rate": slower(sight, 10)},
    )


def overfitting(sight: Sight) -> Note | None:
    """The held-out loss rises while the training loss falls."""
    loss, held_out = sight.trace("loss"), sight.trace("eval_loss")
    if len(held_out) < 3 or len(loss) < FEWEST:
        return None
    values = held_out.values
    best = int(np.argmin(values[:-1]))
    risen = values[-1] - values[best]
    if risen < 0.03 * abs(values[best]) + 0.005:  # 3%: evaluations of one model on 48 rows hardly differ by 1%
        return None
    steps, trained = loss.steps, loss.values
    before = trained[steps <= held_out.steps[best]][-10:]
    after = trained[steps > held_out.steps[best]][-10:]
    if best and len(before) and len(after) >= 3 and after.mean() > before.mean():
        return None  # both rise: not too much of the rows, but too large steps
    if not best and len(after) >= 6 and after[-3:].mean() > trained[:3].mean():
        return None
    first, last = int(held_out.steps[best]), held_out.last
    return Note(
        "overfitting",
        "warning",
        "Held-out rows get worse while training rows get better",
        f"The held-out loss was lowest at step {first} ({values[best]:.3g}) and is {values[-1]:.3g} now, while the "
        "training loss went on falling: the run learns its rows by heart. Use the checkpoint nearest to it, stop "
        "there next time, or bring more rows.",
        "Prechelt 1998, Early stopping: but when?; Goodfellow et al., Deep Learning, section 7.8",
        ("loss", "eval_loss"),
        first,
        last,
        action={"max_steps": first} if first else {"learning_rate": slower(sight, 3)},
    )


def faster(sight: Sight) -> float:
    """A larger learning rate to try: the method's usual one, or ten times this one when it is not far below that."""
    now = sight.config.learning_rate
    usual = float(defaults(sight.config.method, sight.config.model)["learning_rate"])
    return usual if now < 0.3 * usual else round_to_one(10 * now)


def slower(sight: Sight, by: float) -> float:
    """A smaller learning rate to try: the usual one where this is far above it, else this one divided ``by``."""
    now = sight.config.learning_rate
    usual = float(defaults(sight.config.method, sight.config.model)["learning_rate"])
    return usual if now > by * usual else round_to_one(now / by)


def round_to_one(value: float) -> float:
    """One significant digit."""
    return float(f"{value:.1g}")

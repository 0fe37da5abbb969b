"""Which metrics are read together, and in what order a person reads a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

AXES = ("step", "epoch", "time")
EVAL = "eval_"
# What evaluation says of itself rather than of the model.
_SPEED = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time", "num_tokens")


@dataclass(frozen=True)
class Panel:
    """One chart: metrics under TRL's names with their labels, in the order of the legend.

    ``right`` are the metrics measured on the right-hand axis, ``zero`` draws a line at zero, ``range`` and
    ``right_range`` fix an axis, ``least`` is the share of its values that the left one spans at least (what is smaller
    means nothing), ``plain`` is never smoothed, ``open`` is shown before anybody asks for it.
    """

    id: str
    title: str
    metrics: dict[str, str]
    right: tuple[str, ...] = ()
    zero: bool = False
    range: tuple[float, float] | None = None
    right_range: tuple[float, float] | None = None
    least: float = 0.0
    plain: bool = False
    open: bool = True
    evaluation: dict[str, str] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """The panel as the front end takes it; what is off is left out."""
        metrics: list[dict[str, Any]] = []
        for name, label in self.metrics.items():
            side = {"right": True} if name in self.right else {}
            metrics.append({"name": name, "label": label} | side)
        for name, base in self.evaluation.items():
            side = {"right": True} if base in self.right else {}
            metrics.append({"name": name, "label": self.metrics.get(base, base), "eval": True} | side)
        axes = {"range": self.range, "rightRange": self.right_range, "least": self.least}
        flags: dict[str, Any] = {"zero": self.zero, "plain": self.plain} | axes
        shown = {"id": self.id, "title": self.title, "metrics": metrics, "open": self.open}
        return shown | {name: value for name, value in flags.items() if value}


_SHARE = (0.0, 1.0)
_KNOWN = (
    Panel("loss", "Loss", {"loss": "loss"}),
    Panel("perplexity", "Perplexity", {"perplexity": "perplexity"}),
    # A rise by 5% counts as some forgetting (runs/forgetting.py): a tenth of that must not look like a mountain.
    Panel("general", "Forgetting: perplexity of general text", {"general_perplexity": "general text"}, least=0.1),
    Panel("rewards", "Rewards", {"rewards/chosen": "chosen", "rewards/rejected": "rejected"}, zero=True),
    Panel(
        "margins",
        "Margin and accuracy",
        {"rewards/margins": "margin", "rewards/accuracies": "accuracy"},
        right=("rewards/accuracies",),
        zero=True,
        right_range=_SHARE,
    ),
    Panel(
        "pairs",
        "Pairs, by mean log-prob",
        {"pairs/margin": "margin", "pairs/accuracy": "accuracy"},
        right=("pairs/accuracy",),
        zero=True,
        right_range=_SHARE,
    ),
    Panel("odds", "Log odds", {"log_odds_chosen": "chosen", "log_odds_ratio": "ratio"}),
    Panel("nll", "Likelihood loss", {"nll_loss": "chosen"}),
    Panel(
        "reward_margin",
        "Margin and accuracy",
        {"margin": "margin", "accuracy": "accuracy"},
        right=("accuracy",),
        zero=True,
        right_range=_SHARE,
    ),
    Panel("reward", "Reward", {"mean_reward": "mean", "max_reward": "highest", "min_reward": "lowest"}, zero=True),
    Panel("token_accuracy", "Token accuracy", {"mean_token_accuracy": "accuracy"}),
    Panel(
        "scores",
        "Score",
        {"objective/scores": "score", "objective/rlhf_reward": "score − KL penalty"},
        zero=True,
    ),
    Panel("kl", "KL and entropy", {"objective/kl": "KL", "objective/entropy": "entropy"}, right=("objective/entropy",)),
    Panel("entropy", "Entropy", {"entropy": "entropy"}),
    Panel(
        "ppo_loss",
        "Value and policy loss",
        {"loss/value_avg": "value", "loss/policy_avg": "policy"},
        right=("loss/policy_avg",),
    ),
    Panel("clip", "Clip fraction", {"policy/clipfrac_avg": "policy", "val/clipfrac_avg": "value"}),
    Panel("length", "Completion length", {"completions/mean_length": "mean"}),
    Panel("lr", "Learning rate", {"learning_rate": "learning rate"}, plain=True),
    Panel("grad_norm", "Gradient norm", {"grad_norm": "norm"}),
    Panel("tokens_speed", "Tokens per second", {"tokens_per_second": "tokens/s"}),
    Panel("samples_speed", "Samples per second", {"samples_per_second": "samples/s"}),
    Panel("memory", "Memory (GB)", {"memory/peak_gb": "peak", "memory/rss_gb": "process"}, plain=True),
    Panel("logps", "Log-probabilities", {"logps/chosen": "chosen", "logps/rejected": "rejected"}, open=False),
    Panel("logits", "Mean logits", {"logits/chosen": "chosen", "logits/rejected": "rejected"}, open=False),
    Panel("tokens", "Tokens seen", {"num_tokens": "tokens"}, plain=True, open=False),
)


def panels(columns: Iterable[str], split: bool = False) -> list[Panel]:
    """The panels for a run's columns: those that are known, in reading order, then every other metric by prefix.

    A metric and its ``eval_`` twin stand in one panel. ``split`` gives each metric a panel of its own, for charts in
    which a colour means a run.
    """
    names = [name for name in dict.fromkeys(columns) if name not in AXES]
    left = dict.fromkeys(names)
    found: list[Panel] = []
    for known in _KNOWN:
        metrics = {
            name: label
            for name, label in known.metrics.items()
            if name in left or (name not in _SPEED and _twin(name) in left)
        }
        if metrics:
            found.append(_with(known, metrics, left))
    while left:
        found.append(_other(next(iter(left)), left))
    found.sort(key=lambda panel: not panel.open)
    return _split(found) if split else found


def _with(known: Panel, metrics: dict[str, str], left: dict[str, None]) -> Panel:
    evaluation = {_twin(name): name for name in metrics if _twin(name) in left and name not in _SPEED}
    for name in (*metrics, *evaluation):
        left.pop(name, None)
    right = tuple(name for name in known.right if name in metrics)
    alone = set(metrics) == set(right)  # nothing on the left: then the right-hand axis is the only one
    return replace(
        known,
        metrics=metrics,
        right=() if alone else right,
        zero=known.zero and not alone,
        range=known.right_range if alone else known.range,
        right_range=known.right_range if right and not alone else None,
        evaluation=evaluation,
    )


def _other(name: str, left: dict[str, None]) -> Panel:
    """A closed panel for a metric nobody told us of, with those of the same prefix."""
    base = name.removeprefix(EVAL)
    if base in _SPEED:
        same = {other: other.removeprefix(EVAL) for other in left if other.removeprefix(EVAL) in _SPEED}
        for other in same:
            del left[other]
        return Panel("eval_speed", "Evaluation speed", same, plain=True, open=False)
    prefix, slash, _ = base.partition("/")
    group = [o for o in left if o.removeprefix(EVAL).startswith(f"{prefix}/")] if slash else [name, _twin(name)]
    group = [other for other in group if other in left]
    train = {o: o.removeprefix(f"{prefix}/") if slash else o for o in group if not o.startswith(EVAL)}
    evaluation = {o: o.removeprefix(EVAL) for o in group if o.startswith(EVAL)}
    for other in group:
        del left[other]
    if not train:  # only evaluation logs it
        train, evaluation = {o: o.removeprefix(EVAL).removeprefix(f"{prefix}/") for o in group}, {}
    title = prefix if slash else base
    return Panel(f"other:{title}", title, train, open=False, evaluation=evaluation)


def _split(found: list[Panel]) -> list[Panel]:
    single: list[Panel] = []
    for panel in found:
        for name, label in panel.metrics.items():
            title = f"{panel.title}: {label}"
            if len(panel.metrics) == 1:
                title = panel.title
            elif panel.right and (short := label[:1].upper() + label[1:]) not in {other.title for other in single}:
                title = short  # two axes mean two quantities, each with a name of its own, said once
            one = replace(
                panel,
                id=f"{panel.id}:{name}",
                title=title,
                metrics={name: label},
                right=(),
                zero=panel.zero and name not in panel.right,
                range=panel.right_range if name in panel.right else panel.range,
                right_range=None,
                evaluation={twin: base for twin, base in panel.evaluation.items() if base == name},
            )
            single.append(one)
    return single


def _twin(name: str) -> str:
    return EVAL + name

"""The rule on single steps whose gradient stands out, and the rows behind them."""

from __future__ import annotations

import numpy as np

from ftwidgets.diagnosis.note import Note
from ftwidgets.diagnosis.sight import Sight, Spike

TIMES = 6.0  # times the median of the steps before: in sound recorded runs of 50 steps it reached 4.6
SPREADS = 5.0  # times as far from it as those steps are from each other: PPO's norms vary by themselves
SHOWN = 4  # spikes told of, and rows of each


def gradient_spikes(sight: Sight) -> Note | None:
    """Gradients of some steps are many times those around them."""
    norms = sight.trace("grad_norm")
    usual = float(np.median(norms.values)) if len(norms) else 0.0
    spikes = [s for s in sight.spikes if s.ratio >= TIMES and s.spreads >= SPREADS and s.norm > 2 * usual]
    spikes = [spike for spike in spikes if _alone(spike, sight)]
    if not spikes:
        return None
    shown = sorted(spikes[:SHOWN], key=lambda spike: spike.step)
    told = ", ".join(f"step {spike.step} ({spike.ratio:.0f} times)" for spike in shown)
    rows = tuple(dict.fromkeys(row for spike in shown for row in suspects(spike)))
    text = f"The gradient's norm stands far above the median of the steps before it: {told}. "
    if rows:
        text += (
            f"The largest losses there are those of {'row' if len(rows) == 1 else 'rows'} {', '.join(map(str, rows))}: "
            "look for damage, another language, or a wrong label. "
        )
    text += "Clipping bounds what such a step does; rows that cause it again and again are better taken out."
    lower = float(f"{usual:.1g}")
    return Note(
        "gradient_spikes",
        "warning",
        f"The gradient spikes at {'one step' if len(shown) == 1 else f'{len(shown)} steps'}",
        text,
        "Pascanu et al., arXiv 1211.5063, section 3.2; Chowdhery et al., arXiv 2204.02311, section 5.1",
        ("grad_norm",),
        shown[0].step,
        shown[-1].step,
        rows,
        {"max_grad_norm": lower} if 0 < lower < 0.5 * sight.config.max_grad_norm else {},
    )


def suspects(spike: Spike) -> tuple[int, ...]:
    """The rows of the step whose loss stands out among all of them, the largest first; at least the largest."""
    losses = np.nan_to_num(np.array(spike.losses), nan=np.inf)
    if not len(losses) or len(losses) != len(spike.ids):
        return ()
    order = np.argsort(-losses, kind="stable")
    outstanding = [i for i in order if losses[i] > 2 * np.median(losses)][:SHOWN] or [order[0]]
    return tuple(int(spike.ids[i]) for i in outstanding)


def _alone(spike: Spike, sight: Sight) -> bool:
    """Whether gradients came down again: a lasting rise is another matter."""
    norms = sight.trace("grad_norm")
    after = norms.values[norms.steps > spike.step][:8]
    return len(after) < 3 or float(np.median(after)) < 0.5 * spike.norm

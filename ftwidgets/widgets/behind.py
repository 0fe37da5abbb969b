"""What stands behind a run's curves: its pairs, or the answers that PPO learnt from."""

from __future__ import annotations

from ftwidgets.runs import Run
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.rollouts import Rollouts
from ftwidgets.widgets.step_pairs import METHODS, StepPairs


def behind_curves(run: Run, curves: Curves | None = None, named: bool = False) -> StepPairs | Rollouts | None:
    """The view of what a run's steps were made of, opened by clicks in ``curves``; ``None`` where a method keeps none.

    ``named``: say whose it is, where several runs are on show.
    """
    behind: StepPairs | Rollouts
    if run.config.method in METHODS:
        behind = StepPairs(run, named)
    elif run.config.method == "ppo":
        behind = Rollouts(run)
    else:
        return None
    if curves is not None:
        curves.on_pick(lambda step, _: behind.pick(step))
        curves.on_select(behind.show)
    return behind

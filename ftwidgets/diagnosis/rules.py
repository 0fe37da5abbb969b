"""All rules of health, in the order in which a person should hear of them."""

from __future__ import annotations

from collections.abc import Callable

from ftwidgets.diagnosis import gradients, learning, pairs, ppo
from ftwidgets.diagnosis.note import Note, Notes
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.runs.run import Run

RULES: tuple[Callable[[Sight], Note | None], ...] = (
    learning.not_a_number,
    learning.diverges,
    ppo.kl_runaway,
    ppo.length_hacking,
    learning.stuck_at_start,
    learning.learns_nothing,
    learning.warmup_whole_run,
    learning.overfitting,
    pairs.margin_exploding,
    ppo.entropy_collapse,
    ppo.value_flat,
    gradients.gradient_spikes,
    pairs.chosen_falls,
    pairs.accuracy_early,
)


def health(run: Run) -> Notes:
    """What is to be said of a run's health, of a live run as far as it has come.

    Args:
        run: A run, live or loaded.

    Returns:
        A list of ``Note``, the gravest first; ``.frame()`` gives it as a table. Thresholds, their sources, and how
        often the rules are right, are in docs/health.md.
    """
    sight = Sight(run)
    sight.look()
    return examine(sight)


def examine(sight: Sight) -> Notes:
    """The notes on what has been seen so far. Costs the same however long the run is."""
    return Notes(note for rule in RULES if (note := rule(sight)) is not None)

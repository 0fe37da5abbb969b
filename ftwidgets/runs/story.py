"""What a run did, in words a person can check against its curves."""

from __future__ import annotations

from ftwidgets.config.changes import changed_text
from ftwidgets.runs.examples import rows_of_steps
from ftwidgets.runs.forgetting import verdict
from ftwidgets.runs.held_out import wilson
from ftwidgets.runs.run import Run

TOLD = {  # metric, how it is said, and how it is written
    "eval_pairs/accuracy": ("finds the chosen answer likelier per token in held-out pairs", "percent"),
    "eval_rewards/accuracies": ("was moved towards the chosen answer in held-out pairs", "percent"),
    "eval_accuracy": ("scores the chosen answer higher in held-out pairs", "percent"),
    "eval_perplexity": ("held-out perplexity", "number"),
    "eval_loss": ("held-out loss", "number"),
    "eval_objective/scores": ("mean score of its answers to held-out prompts", "number"),
    "objective/scores": ("mean score of its answers", "number"),
    "loss": ("training loss", "number"),
}
STATES = {
    "finished": "Finished",
    "stopped": "Stopped when asked, and kept what was learnt,",
    "failed": "Ended by an error",
    "interrupted": "Interrupted",
}


def story(run: Run) -> list[str]:
    """A few sentences: how far it came, and what was measured before and after. Empty while it goes on."""
    if not run.ended:
        return []
    rows = run.store.rows(0)
    steps = int(rows[-1, 0]) if len(rows) else 0
    summary = run.summary
    took = f" in {_duration(summary['seconds'])}" if "seconds" in summary else ""
    told = [f"{STATES[run.status]} after {steps} step{'' if steps == 1 else 's'}{took}."]
    if run.error:
        told.append(run.error)
    columns = list(run.store.columns)
    for name, (words, form) in TOLD.items():
        if name not in columns or (name == "loss" and len(told) > 2):
            continue
        if name == "eval_rewards/accuracies" and run.config.method != "dpo":
            continue  # without a reference it is the measure above
        values = rows[:, columns.index(name)]
        at = rows[values == values, 0]
        values = values[values == values]
        if len(values) >= 2:
            first, last = values[0], values[-1]
            if form == "percent":
                told.append(f"{words}: {first:.0%} → {last:.0%}{_of(run, int(at[-1]), last)}")
            else:
                told.append(f"{words}: {first:.4g} → {last:.4g}")
    told += verdict(run)
    told += [
        f"from step {event['step']} on with {changed_text(event['changes'])}"
        for event in run.events.of("resumed")
        if event.get("changes")
    ]
    return [told[0], *(t[0].upper() + t[1:] for t in told[1:])]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def _of(run: Run, step: int, share: float) -> str:
    """Of how many held-out pairs a share is, and how sure it is for that; empty where the run did not say."""
    pairs = len(rows_of_steps(run, step, step, "eval"))
    if not pairs:
        return ""
    low, high = wilson(round(share * pairs), pairs)
    return f" (of {pairs:,}; 95% interval {low:.0%} to {high:.0%})"

"""Run folders recorded by a real run's thread, whose work says what a trainer would say. No model."""

from ftwidgets.config import RunConfig
from ftwidgets.runs import load_run, start_run
from ftwidgets.runs import store as run_store
from tests.patience import PATIENCE


def recorded(tmp_path, events=(), *, reread=True, **options):
    """A finished run with these events (type, fields); read from its folder as another kernel would."""

    def work(context):
        context.training()
        for type, fields in events:
            context.emit(type, **fields)
        return {}

    options = {"method": "dpo", "model": "m", "dataset": "pairs.jsonl", **options}
    run = start_run(RunConfig(**options, output_dir=str(tmp_path / "runs")), work)
    assert run.wait(PATIENCE) == "finished"
    if not reread:
        return run
    run_store.forget(run)
    return load_run(run.folder)


def pairs(step, split, ids, chosen, rejected, **more):
    """An ``examples`` event: ``chosen`` and ``rejected`` are (sum of log-probabilities, tokens) of each pair."""
    fields = {"step": step, "split": split, "id": list(ids)}
    for side, values in (("chosen", chosen), ("rejected", rejected)):
        fields[f"{side}_logps"] = [sum_ for sum_, _ in values]
        fields[f"{side}_length"] = [tokens for _, tokens in values]
    return "examples", fields | more


def judged(step, ids, margins):
    """An evaluation in which pair ``ids[i]`` has the length-normalised margin ``margins[i]``, of two tokens a side."""
    return pairs(step, "eval", ids, [(2 * m, 2) for m in margins], [(0.0, 2)] * len(margins))


def log(step, **metrics):
    return "log", {"step": step, "epoch": step / 10, "metrics": metrics}

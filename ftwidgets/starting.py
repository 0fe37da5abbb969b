"""Starting runs from code: what Studio's Train button does, without a form."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.config.reporting import missing
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory.out_of_memory import RESUMABLE
from ftwidgets.models import as_adapter
from ftwidgets.runs import Context, LiveRun, Run, load_run, start_run
from ftwidgets.runs.store import resume_in


def train(config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any) -> LiveRun:
    """Start a run in a thread of this kernel and return it at once.

    Args:
        config: A ``RunConfig``, its dictionary, or the path of its YAML.
        keywords: Options of ``RunConfig``, on top of ``config``. ``dataset`` and ``eval_dataset`` may also be an object
            in the kernel (pandas, polars, ``datasets.Dataset``, a list of dicts), which is written to a file
            under ``output_dir`` so that the run can be repeated; ``reward`` may be a function
            ``reward(prompts, completions) -> floats`` or a run.

    The rank and scale of an adapter that the run goes on from are the adapter's own, in its config too.

    Raises:
        ConfigError: Options that cannot be; the message names each.
        FtwidgetsError: The run folder cannot be made, or a package that ``report_to`` needs is not installed.
    """
    place = Path(keywords.get("output_dir", "runs")) / "datasets"
    whole, function = described(config, keywords, place)
    _can_report(whole)
    run = start_run(whole, _work(whole, function))
    if function is not None:
        _keep_source(function, run.folder)
    return run


def described(
    config: RunConfig | Mapping[str, Any] | str | Path | None, keywords: dict[str, Any], place: Path
) -> tuple[RunConfig, Callable[..., Any] | None]:
    """What ``train`` was asked for: the whole config, and PPO's reward when it is a function.

    Objects of the kernel are written to files in ``place``. Raises as ``train``.
    """
    keywords = dict(keywords)
    reward = keywords.get("reward")
    function = reward if callable(reward) else None
    if function is not None:
        keywords["reward"] = function_name(function)
    elif reward is not None and hasattr(reward, "folder"):
        keywords["reward"] = str(reward.folder)
    for name in ("dataset", "eval_dataset"):
        value = keywords.get(name)
        if value is not None and not isinstance(value, str | Path):
            from ftwidgets.data import save_object

            keywords[name] = str(save_object(value, place))
        elif isinstance(value, Path):
            keywords[name] = str(value)
    whole = as_adapter(_config(config, keywords), keywords)
    if whole.method == "ppo" and function is None and str(whole.reward).startswith("function "):
        raise FtwidgetsError(
            f"reward={whole.reward!r}: a config holds no functions. Give it again: train(config, reward=function)."
        )
    return whole, function


def function_name(function: Callable[..., Any]) -> str:
    """What stands for a function in a config."""
    return f"function {getattr(function, '__name__', 'reward')}"


def resume(run: Run | str | Path, /, *, reward: Callable[..., Any] | None = None, **changes: Any) -> LiveRun:
    """Go on with a stopped, failed or interrupted run from its last checkpoint, in the same folder.

    Args:
        reward: PPO's reward when it is a Python function.
        changes: Options that are other from now on, to fit into memory: batch against accumulation (their product
            stays), ``max_length``, ``gradient_checkpointing`` and the other names of
            ``ftwidgets.memory.out_of_memory.RESUMABLE``. The adapter and the optimizer's state go on. The folder's
            config and its event ``resumed`` say what changed. Within the epoch under way rows may come in another
            order.

    Raises:
        FtwidgetsError: The run still goes on, has no checkpoint, or could not go on with the changes.
    """
    stored = load_run(run if isinstance(run, str | Path) else run.folder)
    if not stored.ended:
        raise FtwidgetsError(f"{stored.id} still goes on. Stop it first.")
    config = _changed(stored.config, changes)
    if not any((stored.folder / "checkpoints").glob("checkpoint-*")):
        raise FtwidgetsError(
            f"{stored.id} has no checkpoint to go on from. Start it anew: ftwidgets.train(run.config)."
        )
    _can_report(config)
    return resume_in(stored, _work(config, reward, resume=True), config)


def retry(run: Run | str | Path, /, *, reward: Callable[..., Any] | None = None) -> LiveRun:
    """Go on with a run that ran out of memory, with the smaller settings that its error proposes.

    From its last checkpoint, in the same folder, where there is one and the settings allow it; else as a new run.

    Args:
        reward: PPO's reward when it is a Python function.

    Raises:
        FtwidgetsError: The run did not run out of memory, or nothing would make it fit.
    """
    stored = load_run(run if isinstance(run, str | Path) else run.folder)
    facts = stored.out_of_memory
    if facts is None:
        raise FtwidgetsError(f"{stored.id} did not run out of memory. ftwidgets.resume(run) goes on with it as it was.")
    changes = {name: new for name, (_, new) in facts["changes"].items()}
    if not changes:
        raise FtwidgetsError(f"{stored.id}: no change of its options makes it fit. Choose a smaller model.")
    if facts["same_run"]:
        return resume(stored, reward=reward, **changes)
    return train(stored.config.replace(**changes), **({"reward": reward} if reward else {}))


def _changed(config: RunConfig, changes: dict[str, Any]) -> RunConfig:
    """``config`` with changes under which a checkpoint stays valid."""
    if not changes:
        return config
    fixed = sorted(set(changes) - set(RESUMABLE))
    if fixed:
        raise FtwidgetsError(
            f"{', '.join(fixed)}: a run that goes on from a checkpoint can change only {', '.join(RESUMABLE)}. "
            "Start anew with ftwidgets.train(run.config, ...)."
        )
    changed = config.replace(**changes)
    before, after = _rows_a_step(config), _rows_a_step(changed)
    if before != after:
        raise FtwidgetsError(
            f"per_device_train_batch_size × gradient_accumulation_steps was {before} and would be {after}: steps would "
            f"no longer mean the same. Keep the product at {before}."
        )
    return changed


def _can_report(config: RunConfig) -> None:
    """Before the run: a model would be loaded and thrown away for a package that is not there."""
    if absent := missing(config.report_to):
        raise FtwidgetsError(absent)


def _rows_a_step(config: RunConfig) -> int:
    return config.per_device_train_batch_size * config.gradient_accumulation_steps


def warm_up() -> None:
    """Import what training needs in a thread, while a person still looks at the form. Returns at once."""

    def load() -> None:
        from ftwidgets.training.launch import load_libraries

        load_libraries()

    threading.Thread(target=load, name="ftwidgets warm-up", daemon=True).start()


def _config(config: Any, keywords: dict[str, Any]) -> RunConfig:
    if config is None:
        return RunConfig(**keywords)
    if isinstance(config, Mapping):
        return RunConfig.from_dict({**config, **keywords})
    if isinstance(config, str | Path):
        config = RunConfig.from_yaml(Path(config))
    if not isinstance(config, RunConfig):
        raise FtwidgetsError(f"train() takes a RunConfig, its dictionary or a YAML file, not {type(config).__name__}.")
    return config.replace(**keywords) if keywords else config


def _work(config: RunConfig, reward: Callable[..., Any] | None, resume: bool = False) -> Callable[[Context], dict]:
    """The run's work; torch and the libraries on it are imported in the run's own thread."""

    def work(context: Context) -> dict[str, Any]:
        context.progress("loading libraries")
        from ftwidgets.training.launch import work as make

        return make(config, reward=reward, resume=resume)(context)

    return work


def _keep_source(function: Callable[..., Any], folder: Path) -> None:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return  # made at run time: there is no source to keep
    (folder / "reward.py").write_text(source, encoding="utf-8")

"""Several adapters on one base: what each of them, and the base alone, answers to the same prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peft import LoraConfig, set_peft_model_state_dict
from peft.utils import load_peft_weights

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.generation import complete, fits
from ftwidgets.training.loading import load_base, load_tokenizer, load_trained

BATCH = 8  # prompts answered together; between two batches the person may stop
NAME = "contender-{}"


class StoppedAnsweringError(FtwidgetsError):
    """The person stopped the answering; what was answered is kept."""


def answering_prompts(
    model: Any, tokenizer: Any, prompts: Sequence[Any], chat: bool, count: int | None = None
) -> list[Any]:
    """The first ``count`` prompts that leave the model room to answer."""
    found = (prompt for prompt in prompts if fits(model, tokenizer, prompt, chat))
    return [prompt for prompt, _ in zip(found, range(count or len(prompts)), strict=False)]


@contextmanager
def on_one_base(
    config: RunConfig, folders: Sequence[tuple[Path, Path]], model: Any = None, tokenizer: Any = None
) -> Iterator[tuple[Any, Any, list[str]]]:
    """One loaded base with an adapter of each folder on it: (model, tokenizer, the adapters' names).

    Args:
        folders: For each contender the folder of its weights, and that of its ``adapter_config.json``.
        model: A run's live model to put them on; it is left as it was. Without one the base is loaded.

    Raises:
        FtwidgetsError: The base cannot be loaded, or an adapter does not fit it.
    """
    live = model is not None
    tokenizer = tokenizer or load_tokenizer(config)
    names: list[str] = []
    if not live:
        model = load_trained(load_base(config), folders[0][1])
    before = model.active_adapter
    try:
        for number, (weights, description) in enumerate(folders):
            names.append(NAME.format(number))
            _put_on(model, names[-1], weights, description)
        model.set_adapter(before)
        yield model, tokenizer, names
    finally:
        if live:
            model.set_adapter(before)
            for name in names:
                if name in model.peft_config:
                    model.delete_adapter(name)


def answers(
    model: Any,
    tokenizer: Any,
    adapter: bool | str,
    prompts: Sequence[Any],
    *,
    chat: bool,
    seed: int,
    progress: Callable[[int], None],
    stopped: Callable[[], bool],
    **sampling: Any,
) -> list[str]:
    """One contender's answers. Each batch of prompts has a seed of its own, the same for every contender.

    Raises:
        StoppedAnsweringError: ``stopped()`` came true between two batches.
    """
    found: list[str] = []
    for start in range(0, len(prompts), BATCH):
        if stopped():
            raise StoppedAnsweringError("Stopped.")
        batch = prompts[start : start + BATCH]
        found += complete(model, tokenizer, batch, chat=chat, adapter=adapter, seed=seed + start, **sampling)
        progress(len(found))
    return found


def _put_on(model: Any, name: str, weights: Path, description: Path) -> None:
    try:
        model.add_adapter(name, LoraConfig.from_pretrained(description))
        found = set_peft_model_state_dict(model, load_peft_weights(str(weights), device="cpu"), adapter_name=name)
    except Exception as error:
        raise FtwidgetsError(
            f"{weights}: its adapter cannot be put on this base: {error}. It belongs to another base, or is damaged."
        ) from error
    missing = [key for key in found.missing_keys if f".{name}." in key]
    if found.unexpected_keys or missing:
        raise FtwidgetsError(f"{weights}: its adapter does not fit this base. It belongs to another base.")

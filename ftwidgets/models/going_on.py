"""Whether training can go on from an adapter, and what that settles, told from its files and those of the model."""

from __future__ import annotations

from collections.abc import Collection

from ftwidgets.config import ConfigError, RunConfig
from ftwidgets.models.adapters import AdapterError, adapter_problems, read_adapter
from ftwidgets.models.sources import ModelNotFoundError, is_hub_id, locate
from ftwidgets.models.weight_files import WeightsError, read_weights


def adapter_error(adapter: str | None, model: str, revision: str | None = None) -> str:
    """Why ``adapter`` cannot be trained on with ``model``; an empty string where it can, or where files are missing
    that a download brings.

    Args:
        adapter, model, revision: As ``RunConfig`` takes them.
    """
    if not adapter or is_hub_id(adapter):
        return ""
    try:
        found = read_adapter(adapter)
    except AdapterError as error:
        return str(error)
    try:
        base = read_weights(locate(model, revision))
    except (ModelNotFoundError, WeightsError):
        base = None  # it is not here yet, or is told to be at fault itself
    return " ".join(map(str, adapter_problems(found, base)))


def as_adapter(config: RunConfig, asked: Collection[str] = ()) -> RunConfig:
    """``config`` with what the adapter that it goes on from settles: its rank and scale.

    Args:
        asked: Options that somebody gave by name.

    Raises:
        ConfigError: One of these is another than the adapter's own.
    """
    if not config.adapter or is_hub_id(config.adapter):
        return config
    try:
        own = read_adapter(config.adapter).settles
    except AdapterError:
        return config  # the run says why
    other = {name: value for name, value in own.items() if getattr(config, name) != value}
    if wrong := {name: refusal(name, value) for name, value in other.items() if name in asked}:
        raise ConfigError(wrong)
    return config.replace(**other) if other else config


def refusal(name: str, own: int) -> str:
    """Why an option cannot be another than the adapter's own."""
    return f"{name}: the adapter goes on with its own {own}. Give {own}, or leave adapter empty."

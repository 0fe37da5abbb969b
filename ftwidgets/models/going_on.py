"""Whether training can go on from an adapter, told from its files and those of the model."""

from __future__ import annotations

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

"""Picking a model: where models are, and what one is before it is loaded. No torch."""

from ftwidgets.models.adapters import Adapter, AdapterError, adapter_problems, read_adapter, resolve_base
from ftwidgets.models.architecture import Architecture, Linear
from ftwidgets.models.going_on import adapter_error, as_adapter, refusal
from ftwidgets.models.hub import DownloadCancelledError, HubError, HubModel, download, look_up
from ftwidgets.models.kind import Evidence, Kind
from ftwidgets.models.model_card import ModelCard, card
from ftwidgets.models.problems import Problem
from ftwidgets.models.sources import Model, ModelNotFoundError, available, find, locate
from ftwidgets.models.weight_files import WeightsError, read_weights

__all__ = [
    "Adapter",
    "AdapterError",
    "Architecture",
    "DownloadCancelledError",
    "Evidence",
    "HubError",
    "HubModel",
    "Kind",
    "Linear",
    "Model",
    "ModelCard",
    "ModelNotFoundError",
    "Problem",
    "WeightsError",
    "adapter_error",
    "adapter_problems",
    "as_adapter",
    "available",
    "card",
    "download",
    "find",
    "locate",
    "look_up",
    "read_adapter",
    "read_weights",
    "refusal",
    "resolve_base",
]

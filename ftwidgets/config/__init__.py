"""What to train: data only, no torch."""

from ftwidgets.config.methods import METHODS, Method
from ftwidgets.config.option import GROUPS, METHOD_NAMES, PAIRWISE, Option
from ftwidgets.config.run_config import OPTIONS, ConfigError, IncompleteError, RunConfig, defaults, recommended

__all__ = [
    "GROUPS",
    "METHODS",
    "METHOD_NAMES",
    "OPTIONS",
    "PAIRWISE",
    "ConfigError",
    "IncompleteError",
    "Method",
    "Option",
    "RunConfig",
    "defaults",
    "recommended",
]

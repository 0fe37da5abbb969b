"""How much memory a run takes, and how to make it fit. No torch."""

from ftwidgets.memory.device import DeviceMemory, device_memory
from ftwidgets.memory.estimate import EstimateError, MemoryEstimate, estimate, estimate_memory, gb
from ftwidgets.memory.fit import Fit, make_it_fit
from ftwidgets.memory.setup import Setup

__all__ = [
    "DeviceMemory",
    "EstimateError",
    "Fit",
    "MemoryEstimate",
    "Setup",
    "device_memory",
    "estimate",
    "estimate_memory",
    "gb",
    "make_it_fit",
]

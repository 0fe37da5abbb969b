"""How much memory a run takes, and how to make it fit. No torch."""

from ftwidgets.memory.device import DeviceMemory, device_memory, main_memory
from ftwidgets.memory.estimate import EstimateError, MemoryEstimate, estimate, estimate_memory, gb
from ftwidgets.memory.fit import Fit, make_it_fit
from ftwidgets.memory.measurement import Measurement
from ftwidgets.memory.out_of_memory import OutOfMemoryError, is_out_of_memory
from ftwidgets.memory.setup import Setup

__all__ = [
    "DeviceMemory",
    "EstimateError",
    "Fit",
    "Measurement",
    "MemoryEstimate",
    "OutOfMemoryError",
    "Setup",
    "device_memory",
    "estimate",
    "estimate_memory",
    "gb",
    "is_out_of_memory",
    "main_memory",
    "make_it_fit",
]

"""What this machine trains on, and in which number format."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from typing import Any

import torch

from ftwidgets.memory import DeviceMemory, main_memory


def device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def compute_dtype(wanted: str) -> torch.dtype:
    """The format of the arithmetic: what was asked for, or the best that the device does in hardware."""
    if wanted != "auto":
        return getattr(torch, wanted)
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16


def optimizer(wanted: str) -> str:
    """The optimizer's name for TrainingArguments. Paged states need CUDA's unified memory."""
    if wanted != "auto":
        return wanted
    return "paged_adamw_8bit" if torch.cuda.is_available() else "adamw_torch"


def describe() -> dict[str, Any]:
    """The device for a run's records: its kind and name, and its total memory in bytes."""
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(torch.cuda.current_device())
        return {
            "device": "cuda",
            "name": properties.name,
            "memory": properties.total_memory,
            "cuda": torch.version.cuda,
        }
    import psutil

    return {
        "device": "cpu",
        "name": f"{torch.get_num_threads()} threads",
        "memory": psutil.virtual_memory().total,
    }


def memory_in_use() -> dict[str, float]:
    """Memory of this process in GB (10⁹ bytes): the peak allocated on CUDA, else what is resident now."""
    if torch.cuda.is_available():
        return {"memory/peak_gb": torch.cuda.max_memory_allocated() / 1e9}
    import psutil

    return {"memory/rss_gb": psutil.Process().memory_info().rss / 1e9}


def memory_now() -> DeviceMemory:
    """The device that training uses and what is free on it; what PyTorch keeps for later counts as free."""
    if not torch.cuda.is_available():
        return main_memory()
    free, total = torch.cuda.mem_get_info()
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return DeviceMemory("cuda", torch.cuda.get_device_name(), float(total), float(free + kept))


def release() -> None:
    """Give memory that nobody holds any more back to the device and to the system."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)

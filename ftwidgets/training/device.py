"""What this machine trains on, and in which number format."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import torch

from ftwidgets.memory import DeviceMemory, main_memory
from ftwidgets.memory.device import process_limits
from ftwidgets.memory.malloc import malloc, trim

# malloc.h: what is kept at a heap's end, and from how many bytes on a block is mapped by itself. glibc raises both to
# these values as blocks of such sizes are given back.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_USUAL = {_TRIM_THRESHOLD: 2**26, _MMAP_THRESHOLD: 2**25}
_LARGE = 2**18  # bytes


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
    give_back()


def give_back() -> None:
    """As ``release``, without the search for objects that hold each other: a matter of milliseconds."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim()


def release_all() -> None:
    """As ``release``, and what malloc keeps for later at the end of this thread's heap: up to 64 MB."""
    release()
    malloc("mallopt", _TRIM_THRESHOLD, _LARGE // 2)
    place = malloc("malloc", 100_000)  # giving back a block of 64 kB or more makes glibc look at the heap's end
    if place is not None:
        malloc("free", ctypes.c_void_p(place))
    limited = any(process_limits())
    for what, usual in _USUAL.items():  # said once, glibc no longer finds them by itself
        malloc("mallopt", what, _LARGE if limited else usual)


def keep_nothing_back() -> None:
    """Where what this process may map is limited, let malloc give each large block back at once.

    It would keep blocks of up to 32 MB mapped for later, and what is mapped counts, in use or not.
    """
    if any(process_limits()):
        malloc("mallopt", _MMAP_THRESHOLD, _LARGE)

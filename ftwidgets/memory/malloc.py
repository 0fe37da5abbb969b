"""The C library's allocator, asked by name, and what it and Arrow keep for later given back to the system."""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Any


def trim() -> None:
    """Give memory that nobody holds any more back to the system: threads leave their share of it scattered."""
    if arrow := sys.modules.get("pyarrow"):  # it has an allocator of its own
        arrow.default_memory_pool().release_unused()
    malloc("malloc_trim", 0)


def malloc(function: str, *arguments: Any) -> int | None:
    """Call a function of glibc's malloc; there is nothing to call where that is not the malloc in use."""
    if platform.libc_ver()[0] != "glibc":
        return None
    called = getattr(ctypes.CDLL(None), function)
    called.restype = ctypes.c_void_p if function == "malloc" else ctypes.c_int
    return called(*arguments)

"""The most memory that a piece of training takes, above what was taken before it.

On CUDA PyTorch's own counters say it. On the CPU the kernel keeps a high-water mark of what is resident; where that may
not be set back, the process is looked at every few milliseconds instead. Files that are mapped (safetensors weights
that were read and quantised) are left out, since the system takes their memory back when it is needed; weights that
training reads from such a file are counted.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch

from ftwidgets.training.device import release

_PROC = Path("/proc/self")
_RESET_PEAK = "5"  # proc(5): sets the high-water mark to what is resident now
_EVERY = 0.004  # seconds


class CpuPeak:
    """The peak of this process in main memory.

    Attributes:
        how: ``high water``, or ``samples``, of which there were so many ``looks``.
    """

    def __init__(self) -> None:
        release()
        self._before = _sizes()
        self._most = 0.0
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self.how = "samples"
        self.looks = 0

    def reset(self) -> None:
        """Begin to look for the peak: what came before (loading) does not count."""
        release()
        self.how = "high water" if _reset_high_water() else "samples"
        if self.how == "samples" and self._watcher is None:
            self._watcher = threading.Thread(target=self._look, name="memory peak", daemon=True)
            self._watcher.start()

    def bytes(self, model: Any) -> float:
        """The peak since ``reset`` above what was held at the start; ``model`` is the one in training."""
        now = _sizes()
        if self.how == "high water":
            self._most = max(0.0, now["VmHWM"] - now["RssFile"] - now["RssShmem"])
        self._most = max(self._most, now["RssAnon"])
        weights = sum(p.nbytes for p in model.parameters() if not p.requires_grad and p.element_size() > 1)
        mapped = min(max(0.0, now["RssFile"] - self._before["RssFile"]), weights)
        return self._most - self._before["RssAnon"] + mapped

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def _look(self) -> None:
        while not self._stop.wait(_EVERY):
            self._most = max(self._most, _sizes()["RssAnon"])
            self.looks += 1


class CudaPeak:
    """The peak on the GPU: what PyTorch reserved, and what CUDA's context took beside it."""

    how = "cuda"

    def __init__(self, free_before: float | None) -> None:
        """``free_before``: bytes free on the card before this process used it, where the driver said."""
        release()
        self._free_before = free_before
        self._reserved = torch.cuda.memory_reserved()

    def reset(self) -> None:
        release()
        torch.cuda.reset_peak_memory_stats()

    def bytes(self, model: Any) -> float:
        """The peak since ``reset``, above what was reserved at the start."""
        torch.cuda.synchronize()
        grown = torch.cuda.memory_reserved() - self._reserved
        context = 0.0
        if self._free_before is not None:
            # What is gone from the card and not in PyTorch's pool: the context, when this process is the first to use
            # it here. Another process may have taken some meanwhile, so no more than a context can be is believed.
            context = min(max(0.0, self._free_before - torch.cuda.mem_get_info()[0] - grown), _LARGEST_CONTEXT)
        return torch.cuda.max_memory_reserved() - self._reserved + context

    def close(self) -> None:
        pass


_LARGEST_CONTEXT = 1e9


def watch(free_before: float | None = None) -> CpuPeak | CudaPeak:
    """Begin to watch the device that training uses."""
    return CudaPeak(free_before) if torch.cuda.is_available() else CpuPeak()


def _reset_high_water() -> bool:
    try:
        (_PROC / "clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _sizes() -> dict[str, float]:
    """What the kernel says of this process, in bytes; elsewhere than on Linux what is resident counts as its own."""
    try:
        lines = (_PROC / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        import psutil

        return {"RssAnon": float(psutil.Process().memory_info().rss), "RssFile": 0.0, "RssShmem": 0.0, "VmHWM": 0.0}
    found = dict.fromkeys(("RssAnon", "RssFile", "RssShmem", "VmHWM"), 0.0)
    for line in lines:
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = 1024 * float(rest.split()[0])
    return found

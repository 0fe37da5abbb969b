"""How much memory the device has that training will use. No torch: asked of the driver and the system."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from ftwidgets.memory.setup import Device

_QUERY = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class DeviceMemory:
    """The device of a run and its memory in bytes."""

    device: Device
    name: str
    total: float
    free: float

    def __str__(self) -> str:
        return f"{self.name}: {self.free / 1e9:.1f} of {self.total / 1e9:.1f} GB free"


def device_memory() -> DeviceMemory:
    """The memory of the GPU that training would use, else of this machine (or of the container it is in)."""
    gpus = _gpus() if _torch_has_cuda() else []
    return gpus[0] if gpus else main_memory()


def _gpus() -> list[DeviceMemory]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    wanted = None if visible is None else [v.strip() for v in visible.split(",")]
    found: dict[str, DeviceMemory] = {}
    for line in _nvidia_smi().splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 5 or not (fields[3].isdigit() and fields[4].isdigit()):
            continue
        index, uuid, name = fields[:3]
        gpu = DeviceMemory("cuda", name, int(fields[3]) * 2**20, int(fields[4]) * 2**20)
        found[index] = gpu
        found[uuid] = gpu
    if wanted is None:
        return [gpu for key, gpu in found.items() if key.isdigit()]
    return [found[key] for key in wanted if key in found]


def _nvidia_smi() -> str:
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _torch_has_cuda() -> bool:
    # A CPU build of torch trains on the CPU whatever cards there are; its version file says which it is.
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return True
    return re.search(r"^cuda\b[^=]*=\s*None", text, re.MULTILINE) is None


def main_memory() -> DeviceMemory:
    """The memory of this machine, of the container it is in, or what the process is limited to."""
    machine = psutil.virtual_memory()
    total, free = float(machine.total), float(machine.available)
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit is not None and used is not None and limit < total:
        total, free = limit, min(free, max(0.0, limit - used + _reclaimable()))
    for limit, used in process_limits():
        total, free = min(total, limit), min(free, max(0.0, limit - used))
    return DeviceMemory("cpu", "main memory", total, free)


def process_limits() -> Iterator[tuple[float, float]]:
    """What this process may map and what it does map, in bytes (``ulimit -v`` and ``-d``, set on many clusters)."""
    if sys.platform != "linux":  # elsewhere the limits are not what allocations run into
        return
    import resource

    for kind, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            match = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
            yield float(limit), 1024 * float(match[1]) if match else 0.0


def _number(file: Path) -> float | None:
    try:
        return float(file.read_text())
    except (OSError, ValueError):  # not there, or "max": no limit
        return None


def _reclaimable() -> float:
    """Files kept in memory that count as used but are given back when needed."""
    try:
        match = re.search(r"^inactive_file (\d+)", (_CGROUP / "memory.stat").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return float(match[1]) if match else 0.0

"""The peak of memory: on the CPU against tensors of known size, on CUDA with the device faked at its edge."""

import subprocess
import sys

import pytest
import torch

from ftwidgets.training import device, peak

GB = 10**9
NOTHING = torch.nn.Module()
HELD = """
import torch
from ftwidgets.training import peak
{before}
watch = peak.CpuPeak()
kept = torch.ones(50_000_000)  # 0.2 GB that stay: counted
passing = torch.ones(200_000_000)  # 0.8 GB while loading: not counted
del passing
watch.reset()
most = torch.ones(100_000_000)  # 0.4 GB for a moment
{wait}
del most
print(watch.how, watch.bytes(torch.nn.Module()))
watch.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("how", "before", "wait"),
    [
        ("high water", "", ""),
        # where the mark may not be set back, a thread looks often enough to see what stays for a moment
        ("samples", "peak._reset_high_water = lambda: False", "seen = watch.looks\nwhile watch.looks < seen + 2: pass"),
    ],
)
def test_what_was_held_at_most_since_loading(how, before, wait):
    done = subprocess.run(
        [sys.executable, "-c", HELD.format(before=before, wait=wait)], capture_output=True, text=True, check=True
    )
    found, _, size = done.stdout.strip().rpartition(" ")
    assert found == how and float(size) == pytest.approx(0.6 * GB, rel=0.05)


class Card:
    """A GPU of 12 GB, at the edge: what torch.cuda answers."""

    total = 12 * GB

    def __init__(self, others):
        self.others, self.reserved, self.most, self.context = others, 0, 0, 0

    def grow(self, size):
        self.reserved += size
        self.most = max(self.most, self.reserved)

    def install(self, monkeypatch):
        free = lambda: self.total - self.others - self.context - self.reserved  # noqa: E731
        answers = {
            "is_available": lambda: True,
            "memory_reserved": lambda: self.reserved,
            "memory_allocated": lambda: self.reserved,
            "max_memory_reserved": lambda: self.most,
            "reset_peak_memory_stats": lambda: setattr(self, "most", self.reserved),
            "mem_get_info": lambda: (free(), self.total),
            "synchronize": lambda: None,
            "empty_cache": lambda: None,
            "get_device_name": lambda: "A card",
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)


def test_on_cuda_what_was_reserved_at_most_and_the_context(monkeypatch):
    card = Card(others=2 * GB)
    card.install(monkeypatch)
    watch = peak.watch(free_before=10 * GB)  # as the driver said before PyTorch came
    card.context = GB // 2
    card.grow(3 * GB)  # the model, with 1 GB more in passing
    card.reserved -= 1 * GB
    watch.reset()
    card.grow(4 * GB)  # the step
    card.reserved -= 3 * GB
    assert watch.how == "cuda"
    assert watch.bytes(NOTHING) == 6 * GB + GB // 2


def test_what_another_process_takes_meanwhile_is_no_context(monkeypatch):
    card = Card(others=2 * GB)
    card.install(monkeypatch)
    watch = peak.watch(free_before=10 * GB)
    card.others = 7 * GB
    watch.reset()
    card.grow(1 * GB)
    assert watch.bytes(NOTHING) <= 2 * GB


def test_memory_that_pytorch_keeps_for_later_is_free(monkeypatch):
    card = Card(others=0)
    card.install(monkeypatch)
    card.grow(5 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 1 * GB)
    now = device.memory_now()
    assert (now.device, now.name, now.total, now.free) == ("cuda", "A card", 12 * GB, 11 * GB)


def test_release_gives_back_on_cuda(monkeypatch):
    emptied = []
    Card(others=0).install(monkeypatch)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    device.release()
    assert emptied == [True]


def test_without_proc_the_process_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(peak, "_PROC", tmp_path / "none")
    assert peak._sizes()["RssAnon"] > 0 and not peak._reset_high_water()
    assert peak._sizes()["RssFile"] == 0

"""The device's memory, with the driver's and the system's answers put in at the edge."""

import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ftwidgets.memory import device, device_memory

TWO_CARDS = """0, GPU-aaa, NVIDIA GeForce RTX 4090, 24564, 23500
1, GPU-bbb, NVIDIA A10, 23028, 1000
"""


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """An nvidia-smi of our own, first on the path, before a torch with CUDA."""

    def install(text, code=0):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{text}EOF\nexit {code}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setattr(device, "_torch_has_cuda", lambda: True)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return install


def test_the_first_card(answer):
    answer(TWO_CARDS)
    found = device_memory()
    assert (found.device, found.name) == ("cuda", "NVIDIA GeForce RTX 4090")
    assert (found.total, found.free) == (24564 * 2**20, 23500 * 2**20)
    assert str(found) == "NVIDIA GeForce RTX 4090: 24.6 of 25.8 GB free"


@pytest.mark.parametrize("visible", ["1", "GPU-bbb", "1,0"])
def test_the_card_that_is_visible(answer, monkeypatch, visible):
    answer(TWO_CARDS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert device_memory().name == "NVIDIA A10"


@pytest.mark.parametrize(
    ("text", "code"), [("", 0), ("No devices were found\n", 6), ("0, GPU-a, X, [N/A], [N/A]\n", 0)]
)
def test_no_card_means_main_memory(answer, text, code):
    answer(text, code)
    assert device_memory().device == "cpu"


def test_hidden_cards_mean_main_memory(answer, monkeypatch):
    answer(TWO_CARDS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device_memory().device == "cpu"


def test_a_torch_without_cuda_trains_on_the_cpu(answer, tmp_path, monkeypatch):
    answer(TWO_CARDS)
    monkeypatch.undo()
    package = tmp_path / "torch"
    package.mkdir()
    (package / "version.py").write_text("__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n")
    spec = SimpleNamespace(origin=str(package / "__init__.py"))
    monkeypatch.setattr(device, "find_spec", lambda name: spec)
    assert not device._torch_has_cuda()
    (package / "version.py").write_text("__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\n")
    assert device._torch_has_cuda()


def test_a_container_has_its_own_limit(tmp_path, monkeypatch):
    for name, value in (
        ("memory.max", "2000000000"),
        ("memory.current", "1500000000"),
        ("memory.stat", "anon 1\ninactive_file 400000000\n"),
    ):
        (tmp_path / name).write_text(value)
    monkeypatch.setattr(device, "_CGROUP", tmp_path)
    monkeypatch.setattr(device, "_torch_has_cuda", lambda: False)
    found = device_memory()
    assert (found.total, found.free) == (2e9, 0.9e9)
    (tmp_path / "memory.max").write_text("max")
    assert device_memory().total > 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits on a process's memory are Linux's")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limit_on_the_process_is_what_there_is(kind):
    code = f"""
import resource
from ftwidgets.memory.device import main_memory
before = main_memory().free
resource.setrlimit(resource.{kind}, (3 * 10**9, resource.RLIM_INFINITY))
found = main_memory()
taken = bytearray(10**9)
print(found.total, found.free, found.free - main_memory().free)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    total, free, took = map(float, done.stdout.split())
    assert total == 3e9 and free < 3e9
    assert took == pytest.approx(1e9, rel=0.01)

"""What this machine has for ftwidgets, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from ftwidgets.memory import main_memory

EXTRAS = {"lab": "JupyterLab itself", "export": "to write GGUF files"}
LITTLE_DISK = 2 * 10**9  # bytes


def main() -> int:
    """Print the report. Returns 0 when everything that is required is there, else 1."""
    problems = []
    print(f"ftwidgets {version('ftwidgets')}, Python {platform.python_version()}, {platform.platform()}\n")
    for line, problem in (*_packages(), *_device(), *_memory(), *_extension()):
        print(line)
        if problem:
            problems.append(problem)
    print()
    if problems:
        print("To put right:")
        for problem in problems:
            print(f"  - {problem}")
        return 1
    print("Everything that is required is here.")
    return 0


Finding = tuple[str, str]  # a line of the report, and what to do when it is bad


def _packages() -> Iterator[Finding]:
    wanted = [Requirement(text) for text in requires("ftwidgets") or []]
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate():
            yield _package(requirement, "")
    for extra, purpose in EXTRAS.items():
        for requirement in wanted:
            marker = requirement.marker
            if marker is not None and not marker.evaluate() and marker.evaluate({"extra": extra}):
                line, problem = _package(requirement, extra)
                advice = f'  {purpose}: pip install "ftwidgets[{extra}]"' if problem else ""
                yield line + advice, ""  # an extra is nobody's duty


def _package(requirement: Requirement, extra: str) -> Finding:
    name = requirement.name
    try:
        found = version(name)
    except PackageNotFoundError:
        note = f"not installed (extra {extra})" if extra else "MISSING"
        return f"  {name:<16} {note}", f'{name} is missing: pip install "{_plain(requirement)}"'
    if not requirement.specifier.contains(found, prereleases=True):
        return (
            f"  {name:<16} {found}  NEEDS {requirement.specifier}",
            f'{name} {found} was not tested with ftwidgets: pip install "{_plain(requirement)}"',
        )
    return f"  {name:<16} {found}", ""


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def _device() -> Iterator[Finding]:
    try:
        from ftwidgets.training import device
    except ImportError as error:
        yield "\n  device           unknown", f"the training libraries do not load: {error}"
        return
    found = device.describe()
    kind = {"cuda": f"CUDA {found.get('cuda')}", "cpu": "CPU"}.get(found["device"], found["device"])
    yield f"\n  device           {kind}: {found['name']}", ""
    yield f"  to train in      {device.memory_now()}", ""
    if found["device"] == "cpu" and shutil.which("nvidia-smi"):
        yield (
            "  NVIDIA driver    found, but this torch sees no CUDA device",
            "torch sees no CUDA device although there is an NVIDIA driver: install the torch build for your CUDA "
            "version (see pytorch.org, Get Started)",
        )


def _memory() -> Iterator[Finding]:
    # In a container, or under a limit on the process, less than the machine has can be used.
    memory = main_memory()
    yield f"  memory           {memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB free", ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"  processor        {cores} cores", ""
    free = shutil.disk_usage(Path.cwd()).free
    low = f"only {free / 1e9:.1f} GB are free on the disk of {Path.cwd()}: checkpoints may not fit"
    yield f"  disk             {free / 1e9:.1f} GB free in {Path.cwd()}", low if free < LITTLE_DISK else ""


def _extension() -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_path

    folders = [Path(path) / "ftwidgets" for path in jupyter_path("labextensions")]
    found = next((folder for folder in folders if (folder / "package.json").is_file()), None)
    yield (
        f"  lab extension    {found or 'MISSING'}",
        "" if found else "the JupyterLab extension is not where Jupyter looks: pip install --force-reinstall ftwidgets",
    )
    bundles = Path(__file__).parent / "static"
    built = sorted(file.stem for file in bundles.glob("*.js"))
    yield (
        f"  widget bundles   {', '.join(built) or 'MISSING'}",
        "" if built else "the widget bundles are missing: run `make build` in the source tree",
    )

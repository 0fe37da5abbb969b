"""What a run looks like in a terminal, and how Ctrl+C ends it. The runs are real, their work is not training."""

import _thread
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftwidgets import terminal
from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Context, LiveRun, start_run


@pytest.fixture
def start(tmp_path: Path) -> Callable[[Callable[[Context], dict[str, Any]]], LiveRun]:
    return lambda work: start_run(RunConfig(method="dpo", output_dir=str(tmp_path)), work)


def test_progress_metrics_and_what_was_learnt(start: Callable[..., LiveRun]) -> None:
    def work(context: Context) -> dict[str, Any]:
        context.progress("loading model", text="demo")
        context.emit("samples", step=0, prompt=["Where is\nthe mill?"], completion=["No idea."])
        context.training()
        context.emit("log", step=1, epoch=0.5, metrics={"loss": 0.69314, "rewards/accuracies": 0.5, "unshown": 1.0})
        context.emit("log", step=2, epoch=1.0, metrics={"loss": 0.25, "rewards/accuracies": 1.0})
        context.emit("samples", step=2, prompt=["Where is\nthe mill?"], completion=["By the river. Have a lovely day!"])
        (context.folder / "adapter").mkdir()
        return {"steps": 2, "seconds": 3.0}

    out = io.StringIO()
    run = start(work)
    assert terminal.follow(run, out) == 0
    lines = out.getvalue().splitlines()
    assert "step 1  loss 0.6931  accuracy 0.5" in lines
    assert "step 2  loss 0.25  accuracy 1" in lines
    ending = lines[lines.index("finished after 2 steps in 3 s.") :]
    assert ending[1:] == [
        "  loss: 0.6931 -> 0.25",
        "  accuracy: 0.5 -> 1",
        "",
        "  Where is the mill?",
        "    before: No idea.",
        "    after:  By the river. Have a lovely day!",
        "",
        f"The adapter is in {run.folder / 'adapter'}",
    ]
    assert "\r" not in out.getvalue()  # a file or a pipe gets plain lines


def test_a_failed_run_says_why(start: Callable[..., LiveRun]) -> None:
    def work(context: Context) -> dict[str, Any]:
        raise FtwidgetsError("data.json is empty. Give a file with rows.")

    out = io.StringIO()
    assert terminal.follow(start(work), out) == 1
    assert "failed: data.json is empty. Give a file with rows." in out.getvalue()


def test_ctrl_c_stops_after_the_running_step(start: Callable[..., LiveRun]) -> None:
    followed = threading.Event()

    class Out(io.StringIO):
        def write(self, text: str) -> int:
            followed.set()  # a person who sees something presses Ctrl+C
            return super().write(text)

    def work(context: Context) -> dict[str, Any]:
        context.training()
        followed.wait()
        _thread.interrupt_main()
        step = 0
        while not context.stop_requested:
            step += 1
            context.emit("log", step=step, epoch=0.0, metrics={"loss": 1.0})
            context.checkpoint_gate()
        return {"steps": step, "seconds": 0.1}

    out = Out()
    run = start(work)
    try:
        code = terminal.follow(run, out)
    finally:
        run.stop()
    assert (code, run.status) == (130, "stopped")
    assert "Stopping after the running step" in out.getvalue()
    assert "stopped after" in out.getvalue()

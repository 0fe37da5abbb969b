"""How far a run is, while it trains and while it stops for something else."""

import threading

from ftwidgets.config import RunConfig
from ftwidgets.runs import start_run
from ftwidgets.widgets.monitor import Monitor
from tests.patience import PATIENCE


def test_what_training_stops_for_is_named_and_takes_nothing_back(tmp_path, monkeypatch):
    phases = [
        ("reading data", None, None, ""),
        ("training", 6, 60, ""),
        ("evaluating", None, None, "on the held-out rows"),
    ]
    reached, go_on = [threading.Event() for _ in phases], [threading.Event() for _ in phases]

    def work(context):
        for at, (phase, done, total, text) in enumerate(phases):
            if phase == "training":
                context.training()
            context.progress(phase, done, total, text)
            reached[at].set()
            assert go_on[at].wait(PATIENCE)
        return {}

    run = start_run(RunConfig(method="sft", output_dir=str(tmp_path)), work)
    monkeypatch.setattr(run, "subscribe", lambda callback: lambda: None)  # updated here alone, not by two threads
    monitor = Monitor(run)
    seen = []
    for at in range(len(phases)):
        assert reached[at].wait(PATIENCE)
        monitor.update()
        seen.append((monitor._bar.value, monitor._text.value))
        go_on[at].set()
    assert seen == [(0, "reading data"), (0.1, "step 6 / 60"), (0.1, "evaluating: on the held-out rows")]
    assert run.wait(PATIENCE) == "finished"
    monitor.close()

"""A run whose model comes from a hub that runs in the test: progress, stopping in the middle, and the next try."""

import threading

from ftwidgets.models import card
from ftwidgets.widgets.monitor import Monitor
from tests.patience import PATIENCE
from tests.training.test_bad_models import SHORT


def test_stopped_in_the_middle_nothing_half_stays_and_the_next_run_trains(train, demo_hub, tmp_path):
    weights = len(demo_hub.files["model.safetensors"])
    demo_hub.held = "model.safetensors"
    half = threading.Event()
    run = train(**SHORT, model="org/model")
    monitor = Monitor(run)

    def follow():
        now = run.progress
        late = now.get("done", 0) > now.get("total", 0) - weights * 0.6
        if run.ended or (now.get("phase") == "downloading" and late):
            half.set()

    run.subscribe(follow)
    assert half.wait(PATIENCE) and not run.ended, run.error
    assert run.progress["text"] == "org/model" and run.progress["total"] == sum(map(len, demo_hub.files.values()))
    monitor.update()
    assert "downloading org/model" in monitor._text.value and " MB" in monitor._text.value
    assert 0 < monitor._bar.value < 1
    run.stop()
    demo_hub.go_on.set()
    assert run.wait(PATIENCE) == "stopped" and run.error is None
    monitor.close()
    assert not [*tmp_path.glob("cache/**/snapshots/*/model.safetensors"), *tmp_path.glob("cache/**/*.incomplete")]
    found = card("org/model")
    assert found.to_download and found.usable and found.architecture is not None

    again = train(**SHORT, model="org/model")
    assert again.wait(PATIENCE) == "finished", again.error
    assert demo_hub.served.count("config.json") == 1 and not card("org/model").to_download

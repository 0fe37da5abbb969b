"""A run whose model comes from a hub that runs in the test: progress, stopping in the middle, and the next try."""

import threading

import pytest

from ftwidgets import demo
from ftwidgets.models import card
from ftwidgets.widgets.monitor import Monitor
from tests.models.hub_server import Hub
from tests.training.test_bad_models import SHORT


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The built-in model as org/model, and an empty cache."""
    served = Hub({file.name: file.read_bytes() for file in demo.model_folder().iterdir() if file.is_file()})
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.address)
    address = served.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    yield served
    served.close()


def test_stopped_in_the_middle_nothing_half_stays_and_the_next_run_trains(train, hub, tmp_path):
    weights = len(hub.files["model.safetensors"])
    hub.held = "model.safetensors"
    half = threading.Event()
    run = train(**SHORT, model="org/model")
    monitor = Monitor(run)

    def follow():
        now = run.progress
        late = now.get("done", 0) > now.get("total", 0) - weights * 0.6
        if run.ended or (now.get("phase") == "downloading" and late):
            half.set()

    run.subscribe(follow)
    assert half.wait(120) and not run.ended, run.error
    assert run.progress["text"] == "org/model" and run.progress["total"] == sum(map(len, hub.files.values()))
    monitor.update()
    assert "downloading org/model" in monitor._text.value and " MB" in monitor._text.value
    assert 0 < monitor._bar.value < 1
    run.stop()
    hub.go_on.set()
    assert run.wait(120) == "stopped" and run.error is None
    monitor.close()
    assert not [*tmp_path.glob("cache/**/snapshots/*/model.safetensors"), *tmp_path.glob("cache/**/*.incomplete")]
    found = card("org/model")
    assert found.to_download and found.usable and found.architecture is not None

    again = train(**SHORT, model="org/model")
    assert again.wait(300) == "finished", again.error
    assert hub.served.count("config.json") == 1 and not card("org/model").to_download

"""What several rooms' tests need: a hub of our own."""

import pytest

from ftwidgets import demo
from tests.models.hub_server import Hub
from tests.patience import PATIENCE


@pytest.fixture
def demo_hub(monkeypatch, tmp_path):
    """A hub that has the built-in model as org/model, and an empty cache."""
    served = Hub({file.name: file.read_bytes() for file in demo.model_folder().iterdir() if file.is_file()})
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.address)
    address = served.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", PATIENCE)  # some of it is held back
    yield served
    served.close()

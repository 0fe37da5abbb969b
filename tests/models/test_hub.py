"""Downloads from a hub that runs in the test, through huggingface_hub's own code."""

import threading

import pytest

from ftwidgets.models import DownloadCancelledError, HubError, Model, card, download, locate, look_up
from tests.models.hub_server import Hub

FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model.safetensors": bytes(200_000),
    "pytorch_model.bin": bytes(300_000),
    "original/consolidated.00.pth": bytes(10),
    "model-Q4.gguf": bytes(10),
    ".gitattributes": b"",
}


@pytest.fixture
def hub():
    served = Hub(dict(FILES), card={"license": "other", "license_name": "our-terms"})
    yield served
    served.close()


def test_what_the_hub_says_before_a_download(hub):
    found = look_up("org/model", endpoint=hub.address)
    assert (found.licence, found.gated, found.parameters) == ("our-terms", True, 1000)
    assert sorted(found.files) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert found.bytes == sum(len(FILES[n]) for n in found.files)
    assert hub.served == []


def test_download_brings_what_training_needs_and_tells_progress(hub, tmp_path):
    told: list[tuple[int, int]] = []
    folder = download("org/model", progress=lambda *x: told.append(x), cache_dir=tmp_path, endpoint=hub.address)
    assert sorted(f.name for f in folder.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    total = sum(len(FILES[f.name]) for f in folder.iterdir())
    assert told[-1] == (total, total)
    assert [here for here, _ in told] == sorted(here for here, _ in told) and len(told) > 3
    assert locate("org/model", cache_dir=tmp_path) == folder
    hub.served.clear()
    assert download("org/model", cache_dir=tmp_path, endpoint=hub.address) == folder
    assert hub.served == []  # from the cache


def test_small_files_only(hub, tmp_path):
    folder = download("org/model", small_only=True, cache_dir=tmp_path, endpoint=hub.address)
    assert sorted(f.name for f in folder.iterdir()) == ["config.json", "tokenizer.json"]


def half_files(folder):
    """What a reader could take for the weights, or what only takes room."""
    return [*folder.glob("**/snapshots/*/model.safetensors"), *folder.glob("**/*.incomplete")]


def test_cancel_stops_within_a_file_and_the_next_download_brings_it(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    cancel, told = threading.Event(), []

    def progress(here: int, total: int) -> None:
        told.append(here / total)
        if told[-1] > 0.4:  # no more comes until the other half is let through
            cancel.set()
            hub.go_on.set()

    hub.held = "model.safetensors"
    with pytest.raises(DownloadCancelledError, match="files that came whole are kept"):
        download("org/model", progress=progress, cancel=cancel, cache_dir=tmp_path, endpoint=hub.address)
    assert told[-1] < 0.6 and not half_files(tmp_path)
    assert card_of(tmp_path).to_download
    folder = download("org/model", cancel=threading.Event(), cache_dir=tmp_path, endpoint=hub.address)
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert hub.served.count("config.json") == 1


def card_of(cache):
    (folder,) = cache.glob("models--org--model/snapshots/*")
    return card(Model("org/model", "cache", folder))


def test_cancel_ends_a_download_out_of_chunked_storage_that_stands_still(hub, tmp_path):
    pytest.importorskip("hf_xet")
    hub.chunked, cancel = "model.safetensors", threading.Event()
    threading.Thread(target=lambda: hub.asked.wait() and cancel.set(), daemon=True).start()
    with pytest.raises(DownloadCancelledError):
        download("org/model", cancel=cancel, cache_dir=tmp_path, endpoint=hub.address)
    assert hub.asked.is_set() and not half_files(tmp_path)


def test_a_repository_of_gguf_files_is_refused_before_anything_comes(hub, tmp_path):
    hub.files = {"model-Q4.gguf": b"GGUF", "README.md": b""}
    with pytest.raises(HubError, match=r"only GGUF weights there.*without “-GGUF”"):
        download("org/model", cache_dir=tmp_path, endpoint=hub.address)
    assert hub.served == []


@pytest.mark.parametrize(
    ("name", "status", "code", "words"),
    [
        ("org/gated", 401, "GatedRepo", "accept a licence first"),
        ("org/gated", 403, "GatedRepo", "accept a licence first"),
        ("org/none", 404, "RepoNotFound", "no such model on the hub, or it is private"),
        ("org/none", 401, "RepoNotFound", "no such model on the hub, or it is private"),
        ("org/model", 404, "RevisionNotFound", "no such revision"),
        ("org/model", 418, "", r"answered with an error \(418\)"),
    ],
)
def test_refusals_say_what_to_do(hub, name, status, code, words):
    hub.refused[name] = (status, code)
    with pytest.raises(HubError, match=words):
        look_up(name, endpoint=hub.address)


def test_no_network():
    with pytest.raises(HubError, match="the hub is not reached"):
        look_up("org/model", endpoint="http://127.0.0.1:9")  # the discard port, where nobody listens


def test_a_name_that_is_none():
    with pytest.raises(HubError, match="no such model on the hub"):
        look_up("a b/c")


def test_a_repository_without_a_model(hub, tmp_path):
    del hub.files["config.json"]
    with pytest.raises(HubError, match=r"no config\.json in it"):
        download("org/model", cache_dir=tmp_path, endpoint=hub.address)

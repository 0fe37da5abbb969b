"""Pushing, against a hub on this machine: what arrives, what is refused, and that the token is told to nobody."""

import logging

import pytest

import ftwidgets
from ftwidgets.errors import FtwidgetsError

from .fake_hub import TOKEN, UploadHub


@pytest.fixture
def hub(monkeypatch):
    hub = UploadHub()
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield hub
    hub.close()


def push(run, hub, **options):
    return ftwidgets.export_run(run, "hub", "me/tuned", **({"token": TOKEN, "endpoint": hub.address} | options))


def test_the_adapter_arrives_whole_and_private(finished, hub):
    done = push(finished, hub)
    there = hub.repositories["me/tuned"]
    for name in ("adapter_model.safetensors", "adapter_config.json", "tokenizer.json"):
        assert there[name] == (finished.folder / "adapter" / name).read_bytes()
    assert b"PeftModel" in there["README.md"] and "curves.png" in there
    assert hub.private["me/tuned"] is True
    assert done.place == f"{hub.address}/me/tuned" and "full size" in str(done)
    assert not list(finished.folder.glob(".ftwidgets-*"))


def test_the_token_is_told_to_nobody(finished, hub, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    said = []
    done = ftwidgets.export_run(
        finished, "hub", "me/tuned", token=TOKEN, endpoint=hub.address, progress=lambda *a: said.append(str(a))
    )
    hub.refused = 403
    with pytest.raises(FtwidgetsError) as refused:
        ftwidgets.export_run(finished, "hub", "me/other", token=TOKEN, endpoint=hub.address)
    printed = capfd.readouterr()
    everything = [str(done), *said, caplog.text, printed.out, printed.err, str(refused.value)]
    everything += [p.read_text(errors="replace") for p in finished.folder.rglob("*") if p.is_file()]
    everything += [content.decode(errors="replace") for content in hub.repositories["me/tuned"].values()]
    assert not [text for text in everything if TOKEN in text]


def test_a_repository_with_files_is_kept(finished, hub):
    hub.repositories["me/tuned"] = {".gitattributes": b"", "model.safetensors": b"mine"}
    with pytest.raises(FtwidgetsError, match="holds 1 files already"):
        push(finished, hub)
    assert hub.repositories["me/tuned"]["model.safetensors"] == b"mine"
    assert len(hub.repositories["me/tuned"]) == 2


def test_a_file_that_got_lost_is_noticed(finished, hub):
    hub.loses = "adapter_model.safetensors"
    with pytest.raises(FtwidgetsError, match=r"adapter_model\.safetensors did not reach the hub whole"):
        push(finished, hub)


@pytest.mark.parametrize(("status", "words"), [(401, "write access"), (403, "write access"), (500, "answered with")])
def test_a_refusal_is_told(finished, hub, status, words):
    hub.refused = status
    with pytest.raises(FtwidgetsError, match=words):
        push(finished, hub)


def test_a_wrong_token_is_told(finished, hub):
    with pytest.raises(FtwidgetsError, match="does not let this token") as refused:
        push(finished, hub, token="hf_wrongwrongwrong")
    assert "hf_wrong" not in str(refused.value)


def test_no_network_is_told(finished, hub):
    with pytest.raises(FtwidgetsError, match="the hub is not reached"):
        push(finished, hub, endpoint="http://127.0.0.1:9")

"""The model field: what is typed is searched for on this machine, and each row says what it is."""

import json
import queue
from pathlib import Path

import pytest

from ftwidgets.models import Model
from ftwidgets.widgets import model_picker
from ftwidgets.widgets.model_picker import SHOWN, TO_DOWNLOAD, ModelPicker, _row
from tests.patience import PATIENCE


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of runs with an adapter, and a cache with two models, one of them with text only."""
    monkeypatch.chdir(tmp_path)
    adapter = tmp_path / "out" / "20260101-sft" / "adapter"
    adapter.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "org/base"}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    (adapter / "adapter_model.safetensors").write_bytes(bytes(3_000_000))
    for name in ("org--chat-small", "org--broken"):
        folder = tmp_path / "cache" / f"models--{name}" / "snapshots" / "c0"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "llama-GGUF").mkdir()
    (tmp_path / "llama-GGUF" / "llama-Q8_0.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def picker(shelf):
    """The field, with what it tells the page in a queue."""
    told, picked = queue.Queue(), []
    made = ModelPicker(lambda: [shelf / "out"], picked.append)
    made.send = told.put
    made.told, made.picked = told, picked
    yield made
    made.close()


def ask(picker, text, fresh=False):
    """Type; returns the rows by name and, after all of them, what each is."""
    picker._handle_custom_msg({"type": "ask", "text": text, "fresh": fresh}, [])
    while True:
        message = picker.told.get(timeout=PATIENCE)
        if message["type"] == "found" and message["text"] == text:
            break
    about = {}
    while len(about) < len(message["rows"]):
        told = picker.told.get(timeout=PATIENCE)
        if told["type"] == "about":
            about[told["name"]] = told["words"]
    return {row["name"]: row for row in message["rows"]}, about, message["more"]


def test_everything_here_is_offered_with_what_it_is(picker, shelf):
    rows, about, more = ask(picker, "")
    adapter = str(shelf / "out" / "20260101-sft" / "adapter")
    gguf = str(shelf / "llama-GGUF")
    assert set(rows) == {"demo", adapter, gguf, "org/chat-small", "org/broken"} and more == 0
    assert rows["demo"]["place"] == "built in"
    assert about["demo"].startswith("instruct · 1.87 M · ")
    assert rows[adapter]["label"] == "20260101-sft/adapter"
    assert rows[adapter]["adapter"] and rows[adapter]["place"] == "adapter of org/base"
    assert about[adapter] == "LORA · r 8 · 3 MB"
    assert about["org/broken"].startswith("cannot be trained")
    assert about[gguf].startswith("cannot be trained")


def test_words_narrow_and_a_hub_id_is_offered_as_a_download(picker):
    assert list(ask(picker, "small org")[0]) == ["org/chat-small"]
    rows, about, _ = ask(picker, "Qwen/Qwen3-0.6B")
    assert list(rows) == ["Qwen/Qwen3-0.6B"] and about["Qwen/Qwen3-0.6B"] == TO_DOWNLOAD
    assert ask(picker, "no such thing") == ({}, {}, 0)


def test_picking_a_model_fills_the_field_and_an_adapter_goes_on(picker):
    rows, _, _ = ask(picker, "")
    picker._handle_custom_msg({"type": "pick", "name": "org/chat-small"}, [])
    assert picker.value == "org/chat-small" and not picker.picked
    (adapter,) = (name for name, row in rows.items() if row["adapter"])
    picker._handle_custom_msg({"type": "pick", "name": adapter}, [])
    assert picker.value == "org/chat-small" and [m.name for m in picker.picked] == [adapter]
    for message in ({"type": "pick", "name": "../../etc"}, {"type": "pick"}, "pick", None):
        picker._handle_custom_msg(message, [])
    assert picker.value == "org/chat-small"


def test_the_disk_is_looked_through_again_only_when_the_list_opens_anew(picker, shelf, monkeypatch):
    monkeypatch.setattr(model_picker, "FRESH", 1000.0)
    looks = []
    real = model_picker.available
    monkeypatch.setattr(model_picker, "available", lambda folders: looks.append(1) or real(folders))
    ask(picker, "")
    before = len(looks)
    ask(picker, "demo")
    ask(picker, "dem", fresh=True)  # opened again at once
    assert len(looks) == before
    picker._looked -= model_picker.FRESH + 1
    ask(picker, "")
    assert len(looks) == before
    ask(picker, "", fresh=True)
    assert len(looks) == before + 1


def test_thousands_are_shown_in_part(picker):
    ask(picker, "")
    picker._there = [Model(f"org/m-{i}", "hub", None) for i in range(5000)]
    rows, _, more = ask(picker, "org")
    assert (len(rows), more) == (SHOWN, 5000 - SHOWN)


def test_what_cannot_be_looked_through_is_told(picker, monkeypatch):
    def fails(folders):
        raise OSError("the disk is gone")

    ask(picker, "")
    picker._looked = 0.0
    monkeypatch.setattr(model_picker, "available", fails)
    picker._handle_custom_msg({"type": "ask", "text": "x", "fresh": True}, [])
    while (message := picker.told.get(timeout=PATIENCE)).get("problem") is None:
        pass
    assert message["problem"] == "the disk is gone"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("/home/me/runs/r1/adapter", "r1/adapter"),
        ("runs/r1/exports/merged", "r1/merged"),
        ("/models/llama", "llama"),
        ("org/model", "org/model"),
    ],
)
def test_a_row_is_named_by_its_run_or_its_folder(name, label):
    source = "cache" if name == "org/model" else "folder"
    assert _row(Model(name, source, Path(name)))["label"] == label

"""Models in folders and in the Hugging Face cache are found by what is typed."""

import json
import os
from pathlib import Path

import pytest

from ftwidgets.models import Model, ModelNotFoundError, available, find, locate
from ftwidgets.models.sources import _FOLDERS


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A Hugging Face cache with one model and one data set, laid out as huggingface_hub does."""
    root = tmp_path / "hub"
    for kind, name in (("models", "Org--Small-3B"), ("datasets", "org--rows")):
        repo = root / f"{kind}--{name}"
        for folder in (repo / "refs", repo / "blobs", repo / "snapshots" / "abc123"):
            folder.mkdir(parents=True)
        (repo / "refs" / "main").write_text("abc123")
        (repo / "blobs" / "f00").write_text("{}")
        (repo / "snapshots" / "abc123" / "config.json").symlink_to(repo / "blobs" / "f00")
    return root


def test_folders_adapters_and_cache(tmp_path, make_model, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_model("models/one")
    adapter = tmp_path / "runs" / "r1" / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/b"}))
    (adapter / "adapter_model.safetensors").write_bytes(b"x")
    found = {m.name: m for m in available(cache_dir=cache)}
    assert found["demo"].source == "demo"
    assert found[str(tmp_path / "models" / "one")].source == "folder"
    assert (found[str(adapter)].source, found[str(adapter)].base) == ("adapter", "org/b")
    assert found["Org/Small-3B"].source == "cache"
    assert "org/rows" not in found


def test_gguf_alone_is_listed_and_hides_nothing_below(tmp_path, make_model, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_model("shelf/one")
    (tmp_path / "shelf" / "two-Q4_K_M.gguf").write_bytes(b"GGUF")
    kept = cache / "models--org--small-GGUF" / "snapshots" / "abc123"
    kept.mkdir(parents=True)
    (kept.parents[1] / "refs").mkdir()
    (kept.parents[1] / "refs" / "main").write_text("abc123")
    (kept / "small.gguf").write_bytes(b"GGUF")
    found = {m.name: m.source for m in available(cache_dir=cache)}
    assert found[str(tmp_path / "shelf")] == found[str(tmp_path / "shelf" / "one")] == "folder"
    assert found["org/small-GGUF"] == "cache"


def test_a_folder_given_twice_is_listed_once(tmp_path, make_model, cache):
    make_model("one")
    names = [m.name for m in available([tmp_path, tmp_path], cache_dir=cache)]
    assert names.count(str(tmp_path / "one")) == 1


def test_looking_stops_at_its_limit(tmp_path, cache, make_model):
    for i in range(_FOLDERS + 5):
        (tmp_path / "many" / f"{i:05}").mkdir(parents=True)
    make_model("many/99999")
    assert all("99999" not in m.name for m in available([tmp_path / "many"], cache_dir=cache))


def test_find_as_you_type():
    there = [Model("org/big-chat", "cache", None), Model("org/chat-small", "cache", None), Model("demo", "demo", None)]
    assert [m.name for m in find("chat", there)] == ["org/chat-small", "org/big-chat"]
    assert [m.name for m in find("CHAT big", there)] == ["org/big-chat"]
    assert [m.name for m in find("", there)] == ["org/big-chat", "org/chat-small", "demo"]
    assert find("nothing", there) == []


def test_a_hub_id_that_is_not_here_is_offered():
    assert find("org/new-model", []) == [Model("org/new-model", "hub", None)]
    assert find("a/b/c", []) == [] and find("org/", []) == []
    there = [Model("org/new-model", "cache", None)]
    assert find("org/new-model", there) == there


def test_what_begins_as_a_path_finds_the_models_below(tmp_path, make_model, monkeypatch):
    for name in ("shelf/one", "shelf/.hidden/two", "other/three"):
        make_model(name)
    place = str(tmp_path)
    assert [m.name for m in find(f"{place}/sh", [])] == [f"{place}/shelf/one"]
    assert [m.name for m in find(f"{place}/shelf/", [])] == [f"{place}/shelf/one"]
    assert [m.name for m in find(f"{place}/shelf/.h", [])] == [f"{place}/shelf/.hidden/two"]
    monkeypatch.setenv("HOME", place)
    assert [m.name for m in find("~/oth", [])] == [f"{place}/other/three"]
    assert find(f"{place}/nothing/here", []) == []


def test_a_model_has_the_bytes_of_its_files(tmp_path, make_model):
    folder = make_model("one")
    assert Model("one", "folder", folder).bytes == sum(f.stat().st_size for f in folder.iterdir())
    assert Model("org/far", "hub", None).bytes is None
    assert Model("gone", "folder", tmp_path / "gone").bytes is None


def test_the_cache_lists_what_main_means_and_what_came_last_first(cache):
    repo = cache / "models--org--newer"
    for commit in ("old", "new"):
        (repo / "snapshots" / commit).mkdir(parents=True)
        (repo / "snapshots" / commit / "config.json").write_text("{}")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("old\n")
    os.utime(repo, (2e9, 2e9))
    (cache / "models--org--empty").mkdir()
    (cache / "models--org--half" / "snapshots").mkdir(parents=True)
    found = [(m.name, m.folder.name) for m in available(cache_dir=cache) if m.source == "cache"]
    assert found == [("org/newer", "old"), ("Org/Small-3B", "abc123")]
    assert not [m for m in available(cache_dir=cache / "none") if m.source == "cache"]


def test_locate(tmp_path, make_model, cache):
    folder = make_model("Gemma-3")
    assert locate(str(folder)) == folder
    assert locate("Org/Small-3B", cache_dir=cache).name == "abc123"
    assert (locate("demo") / "..").resolve().name == "demo"
    with pytest.raises(ModelNotFoundError, match=r"Did you mean .*Gemma-3"):
        locate(str(tmp_path / "Gema-3"))
    with pytest.raises(ModelNotFoundError, match="Download it"):
        locate("org/not-here", cache_dir=cache)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://huggingface.co/google/gemma-3-270m", "an address. Give the model's id: google/gemma-3-270m"),
        ("https://hf.co/google/gemma-3-270m/tree/main", "an address. Give the model's id: google/gemma-3-270m"),
        ("{}/rows.jsonl", "a file. Give the folder of a model"),
        ("{}/model-Q4.gguf", "GGUF weights cannot be trained"),
        ("{}/modle", "Did you mean {}/model?"),
    ],
)
def test_what_is_no_model_is_told_with_what_to_give(tmp_path, name, said):
    for file in ("rows.jsonl", "model-Q4.gguf"):
        (tmp_path / file).touch()
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelNotFoundError) as raised:
        locate(name.format(tmp_path))
    assert said.format(tmp_path) in str(raised.value)

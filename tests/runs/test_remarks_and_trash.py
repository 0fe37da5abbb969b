"""Notes, tags and bookmarks stay; deleted runs come back."""

import json

import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import list_runs, load_run, start_run
from ftwidgets.runs.remarks import Remarks, as_tags, read_remarks, remark
from ftwidgets.runs.trash import move_to_trash, restore
from tests.patience import PATIENCE

from .recorded import log, recorded


def test_remarks_change_one_by_one_and_keep_strange_entries(tmp_path):
    (tmp_path / "notes.json").write_text('{"theirs": {"kept": 1}, "note": "old"}')
    remark(tmp_path, tags=" good, good ,β ")
    remark(tmp_path, bookmarked=True)
    assert read_remarks(tmp_path) == Remarks("old", ("good", "β"), bookmarked=True)
    assert json.loads((tmp_path / "notes.json").read_text())["theirs"] == {"kept": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["notes.json"]


@pytest.mark.parametrize("damage", ["{", "[1]", ""])
def test_a_damaged_file_is_kept_and_not_written_over(tmp_path, damage):
    (tmp_path / "notes.json").write_text(damage)
    assert read_remarks(tmp_path) == Remarks()
    remark(tmp_path, note="new")
    assert read_remarks(tmp_path).note == "new"
    assert (tmp_path / "notes.json.damaged-1").read_text() == damage


def test_a_folder_that_is_gone_is_said(tmp_path):
    with pytest.raises(FtwidgetsError, match="was not kept"):
        remark(tmp_path / "gone", note="x")


def test_tags_from_text_and_list():
    assert as_tags("a, b,,a ") == ("a", "b") and as_tags([1, " x "]) == ("1", "x")


def test_a_deleted_run_is_out_of_the_list_and_comes_back_whole(tmp_path):
    run = recorded(tmp_path, [log(1, loss=0.5)], reread=False)
    remark(run.folder, note="keep me")
    trashed = move_to_trash(run)
    assert trashed.parent == tmp_path / "runs" / ".trash" and len(list_runs(tmp_path / "runs")) == 0
    run.folder.mkdir()  # its name is taken meanwhile
    back = restore(trashed)
    assert back.name == f"{run.id}-2"
    assert list(load_run(back).history["loss"]) == [0.5] and read_remarks(back).note == "keep me"
    with pytest.raises(FtwidgetsError, match="cannot be put back"):
        restore(trashed)


def test_a_run_that_goes_on_is_not_deleted(tmp_path):
    import threading

    from ftwidgets.config import RunConfig

    go_on = threading.Event()
    config = RunConfig(method="sft", model="m", dataset="d", output_dir=str(tmp_path / "runs"))
    run = start_run(config, lambda context: go_on.wait(PATIENCE) and {})
    with pytest.raises(FtwidgetsError, match="still goes on"):
        move_to_trash(run.folder)
    go_on.set()
    run.wait(PATIENCE)
    assert run.folder.exists()

"""Whole or not at all: targets, full disks, and what an error leaves behind."""

from pathlib import Path

import pytest

from ftwidgets.export.writing import ExportError, whole


def test_it_appears_when_done_and_not_before(tmp_path):
    with whole(tmp_path / "new" / "out") as part:
        part.mkdir()
        (part / "file").write_text("x")
        assert not (tmp_path / "new" / "out").exists()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["out"]
    assert (tmp_path / "new" / "out" / "file").read_text() == "x"


def test_what_exists_is_kept(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="something already"), whole(tmp_path / "out"):
        raise AssertionError("never entered")
    assert (tmp_path / "out").read_text() == "mine"


def test_what_came_meanwhile_is_kept(tmp_path):
    with pytest.raises(ExportError, match="meanwhile"), whole(tmp_path / "out") as part:
        part.write_text("ours")
        (tmp_path / "out").write_text("theirs")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["theirs"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole(tmp_path / "out") as part:
        part.mkdir()
        (part / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_rest_of_a_killed_export_is_swept_away(tmp_path):
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "half").write_text("x")
    with whole(tmp_path / "out") as part:
        part.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    with pytest.raises(ExportError, match=r"disk is full.*run is as it was"), whole(tmp_path / "out") as part:
        part.mkdir()
        Path("/dev/full").write_text("x" * 100)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_known_behind_a_librarys_error(tmp_path):
    with pytest.raises(ExportError, match="disk is full"), whole(tmp_path / "out"):
        try:
            Path("/dev/full").write_text("x" * 100)
        except OSError as error:
            raise RuntimeError("I/O error") from error


def test_room_is_looked_for_first(tmp_path):
    with pytest.raises(ExportError, match=r"needs 1000000000\.00 GB"), whole(tmp_path / "out", 1e18):
        raise AssertionError("never entered")


def test_a_target_in_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="folder cannot be made"), whole(tmp_path / "file" / "out"):
        raise AssertionError("never entered")

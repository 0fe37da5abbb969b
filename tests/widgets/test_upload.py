"""Files from the browser come in pieces and are kept under harmless names."""

import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets import upload
from ftwidgets.widgets.upload import Incoming, Upload


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("pairs.jsonl", "pairs.jsonl"),
        ("../../etc/passwd", "passwd"),
        ("我的 数据.csv", "我的-数据.csv"),
        ("..", "rows"),
    ],
)
def test_a_name_cannot_leave_the_folder(tmp_path, name, kept):
    incoming = Incoming(name, 3, tmp_path / "datasets")
    incoming.add(0, b"{")
    assert list((tmp_path / "datasets").glob("[!.]*")) == []  # nothing half there
    incoming.add(1, b"}\n")
    path = incoming.keep()
    assert path == tmp_path / "datasets" / kept
    assert path.read_bytes() == b"{}\n"
    assert [p.name for p in path.parent.iterdir()] == [kept]


def test_what_is_refused_says_the_way_out(tmp_path, monkeypatch):
    with pytest.raises(FtwidgetsError, match="empty"):
        Incoming("a.jsonl", 0, tmp_path)
    with pytest.raises(FtwidgetsError, match=r"10\.0 GB.*give its path"):
        Incoming("a.jsonl", 10**10, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FtwidgetsError, match=r"cannot be kept.*Give the path"):
        Incoming("a.jsonl", 1, tmp_path / "file")
    monkeypatch.setattr(upload, "SPARED", 10**18)
    with pytest.raises(FtwidgetsError, match=r"No room.*give the path"):
        Incoming("a.jsonl", 1, tmp_path)
    monkeypatch.setattr(upload, "SPARED", 0)
    incoming = Incoming("a.jsonl", 4, tmp_path)
    for at, piece in ((1, b"x"), (0, b""), (0, b"12345")):
        with pytest.raises(FtwidgetsError, match="changed while it was sent"):
            incoming.add(at, piece)


@pytest.fixture
def form(tmp_path):
    taken, told = [], []
    widget = Upload(lambda: tmp_path / "datasets", taken.append)
    widget.send = told.append

    def say(kind, number="1", piece=None, **fields):
        widget._handle_custom_msg({"type": kind, "id": number, **fields}, [] if piece is None else [memoryview(piece)])
        return told[-1] if told else None

    yield say, taken, told, tmp_path / "datasets"
    widget.close()


def test_a_file_comes_piece_by_piece(form):
    say, taken, _, folder = form
    assert say("begin", name="a b.jsonl", size=5) == {"type": "next", "id": "1", "at": 0}
    assert say("piece", at=0, piece=b"123")["at"] == 3
    assert not taken
    assert say("piece", at=3, piece=b"45")["type"] == "kept"
    assert taken == [str(folder / "a-b.jsonl")]
    assert (folder / "a-b.jsonl").read_bytes() == b"12345"


def test_cancelling_and_faults_leave_nothing_behind(form):
    say, taken, told, folder = form
    say("begin", name="a.jsonl", size=5)
    say("piece", at=0, piece=b"123")
    say("cancel")
    count = len(told)
    say("piece", at=3, piece=b"45")  # was on its way
    say("begin", "2", name="a.jsonl", size=5)
    assert say("piece", "2", at=1, piece=b"1")["type"] == "refused"
    say("begin", "3", name="a.jsonl", size=0)
    assert told[-1]["type"] == "refused"
    assert len(told) == count + 3
    assert not taken
    assert list(folder.iterdir()) == []

"""Files from the browser are kept under harmless names."""

import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.upload import keep


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
    path = keep(name, b"{}\n", tmp_path / "datasets")
    assert path == tmp_path / "datasets" / kept
    assert path.read_bytes() == b"{}\n"
    assert [p.name for p in path.parent.iterdir()] == [kept]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FtwidgetsError, match="cannot be kept"):
        keep("a.jsonl", b"", tmp_path / "file")

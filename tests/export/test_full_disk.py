"""Exports of a run that lies on a small disk, a real one, which runs full: before the start, and in the middle."""

import shutil
import subprocess
import sys

import pytest

import ftwidgets
from ftwidgets.export import writing
from ftwidgets.export.writing import ExportError

ROOM = 8 * 1024  # bytes left on the disk: less than any export takes
CONVERTER = "import sys\nopen(sys.argv[sys.argv.index('--outfile') + 1], 'wb').write(bytes(10**8))\n"


@pytest.fixture
def on_small_disk(finished, tmp_path):
    """The run, copied to a file system with ``ROOM`` bytes free."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        shutil.copytree(finished.folder, place / "run")
        used = shutil.disk_usage(place).used
        subprocess.run(["mount", "-o", f"remount,size={used + ROOM}", str(place)], check=True)
        yield ftwidgets.load_run(place / "run")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["adapter", "merged", "gguf", "card", "script"])
def test_a_disk_that_runs_full_in_the_middle(on_small_disk, tmp_path, monkeypatch, kind):
    run = on_small_disk
    monkeypatch.setattr(writing, "SPARE", -1e12)  # there was room when it was looked for
    (tmp_path / "convert_hf_to_gguf.py").write_text(CONVERTER)
    options = {"converter": tmp_path / "convert_hf_to_gguf.py"} if kind == "gguf" else {}
    before, disk = tree(run.folder), shutil.disk_usage(run.folder).used
    with pytest.raises(
        ExportError, match=r"disk is full. Nothing of the export is left on it, and the run is as it was"
    ):
        ftwidgets.export_run(run, kind, **options)
    assert tree(run.folder) == before
    assert shutil.disk_usage(run.folder).used <= disk + 8192  # a folder for exports, empty
    assert ftwidgets.load_run(run.folder).status == "finished"
    taken = ftwidgets.export_run(run, "adapter", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "adapter_model.safetensors").is_file() and taken.checked


@pytest.mark.parametrize("kind", ["adapter", "merged", "card", "script"])
def test_a_disk_without_room_is_told_before_anything_is_written(on_small_disk, kind):
    before = tree(on_small_disk.folder)
    with pytest.raises(ExportError, match=r"needs .* GB and that disk has 0\.00 GB free"):
        ftwidgets.export_run(on_small_disk, kind)
    assert tree(on_small_disk.folder) == before

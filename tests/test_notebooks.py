"""Every notebook in examples/ runs from its first cell to its last."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parent.parent / "examples"
CELL_SECONDS = 600


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = nbformat.read(notebook, as_version=4)
    # In a folder of its own, so that runs/ does not land in the source tree.
    shutil.copytree(EXAMPLES / "recorded_runs", tmp_path / "recorded_runs")
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(book, timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS, resources=place).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    printed = [output for output in outputs if output["output_type"] == "stream" and output["name"] == "stderr"]
    assert not printed, f"a cell of {notebook.name} printed to stderr: {printed}"
    bars = [text for output in outputs if re.search(r"\d/\d+ \[", text := output.get("data", {}).get("text/plain", ""))]
    assert not bars, f"a library's progress bars spilled into {notebook.name}: {bars}"


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(notebook: Path) -> None:
    book = nbformat.read(notebook, as_version=4)
    assert [i for i, cell in enumerate(book.cells) if cell.get("outputs") or cell.get("execution_count")] == []

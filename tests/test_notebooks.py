"""Every notebook in examples/ runs from its first cell to its last."""

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
    NotebookClient(book, timeout=CELL_SECONDS, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = [
        output
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream" and output["name"] == "stderr"
    ]
    assert not printed, f"a cell of {notebook.name} printed to stderr: {printed}"


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(notebook: Path) -> None:
    book = nbformat.read(notebook, as_version=4)
    assert [i for i, cell in enumerate(book.cells) if cell.get("outputs") or cell.get("execution_count")] == []

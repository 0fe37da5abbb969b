"""What is left of curves in notebooks that nbconvert or papermill run, with no page open."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from ftwidgets.widgets.record import MIME

START = """
from ftwidgets import RunConfig, compare, load_run
from ftwidgets.runs import start_run

def work(context):
    "Logs 10 steps, and more as long as it may."
    context.training()
    step = 0
    while step < 10 or goes_on and not context.stop_requested:
        step += 1
        context.checkpoint_gate()
        context.emit("log", step=step, epoch=step / 100, metrics={"loss": 1 / step})
    return {}

goes_on = GOES_ON
run = start_run(RunConfig(method="sft", model="demo", dataset="demo", output_dir="runs"), work)
"""
KINDS = {MIME, "text/html", "image/png", "text/plain"}


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs cells with ``jupyter nbconvert --execute``; gives the notebook that it wrote."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def execute(*cells: str) -> nbformat.NotebookNode:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        nbformat.write(book, tmp_path / "asked.ipynb")
        command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook"]
        subprocess.run([*command, "--output", "done", "asked.ipynb"], cwd=tmp_path, check=True, capture_output=True)
        return nbformat.read(tmp_path / "done.ipynb", as_version=4)

    return execute


def record_in(cell) -> dict:
    """The one output of a cell, which is a record that names no live widget."""
    (output,) = cell.outputs
    assert set(output.data) == KINDS
    assert "model_id" not in output.data[MIME]
    with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as image:
        assert image.format == "PNG" and image.width > 700
    return output.data


def test_a_run_that_ends_leaves_its_record_in_every_output(executed):
    start = START.replace("GOES_ON", "False")
    later = "shown = load_run(run.folder).curves()\nshown"
    book = executed(start, "run.curves()", "run.wait()", later, "compare([run])", "shown")
    _, live, _, loaded, compared, again = book.cells
    for cell in (live, loaded, compared, again):
        data = record_in(cell)
        assert data[MIME]["runs"][0]["columns"]["loss"]["values"] == [float(f"{1 / step:.6g}") for step in range(1, 11)]
        assert "finished, step 10. loss 0.1" in data["text/plain"]
        assert "<td>loss</td><td>1</td><td>0.1</td>" in data["text/html"]
    assert "held-out" in compared.outputs[0].data["text/html"]


def test_a_run_that_outlives_its_notebook_leaves_the_record_so_far(executed):
    book = executed(START.replace("GOES_ON", "True"), "run.curves()", "while len(run.store) < 20:\n    pass")
    data = record_in(book.cells[1])
    assert data[MIME]["runs"][0]["info"]["status"] == "training"
    steps = data[MIME]["runs"][0]["columns"]["step"]["values"]
    assert steps[0] == 1 and steps[-1] >= 20

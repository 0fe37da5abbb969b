"""The curves in a real JupyterLab: a run in a thread, a busy kernel, a reload, a saved notebook."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from ftwidgets.widgets.record import MIME

from .lab import PATIENCE, Lab, Notebook

START = """
import threading, time
from ftwidgets import RunConfig
from ftwidgets.runs import start_run

last = 100_000
def work(context):
    "Logs as a fast trainer does, until it is told where to end."
    context.training()
    step = 0
    while step < last and not context.stop_requested:
        step += 1
        context.checkpoint_gate()
        context.emit("log", step=step, epoch=step / 100, metrics={"loss": 1 / step, "grad_norm": 1.0 + step % 7})
        if step == 10:
            context.emit("checkpoint", step=step, path="checkpoint-10")
        time.sleep(0.01)
    return {}

run = start_run(RunConfig(method="sft", model="demo", dataset="demo", output_dir="runs"), work)
"""


def latest(page) -> int:
    found = re.search(r"latest: step ([\d\u2009]+)", page.locator(".ftw-curves-where").first.inner_text())
    return int(found[1].replace("\u2009", "")) if found else 0


LATEST = """step => {
  const text = document.querySelector('.ftw-curves-where')?.textContent ?? '';
  const found = text.match(/latest: step ([\\d\\u2009]+)/);
  return found && Number(found[1].replaceAll('\\u2009', '')) >= step;
}"""


def wait_for_step(page, step: int) -> None:
    page.wait_for_function(LATEST, arg=step)


def running(lab: Lab, start: str = START, show: str = "run.curves()") -> Notebook:
    """A notebook whose second cell shows a run that goes on."""
    notebook = lab.open([start, show])
    notebook.run(0)
    notebook.run(1)
    wait_for_step(notebook.page, 20)
    return notebook


def wait_for_record(notebook: Notebook) -> None:
    """Until the output of the second cell is the record of a run."""
    notebook.page.wait_for_function(
        "() => JSON.stringify(window.__panel.content.widgets[1].model.outputs.toJSON()).includes('image/png')"
    )


def end_run(notebook: Notebook) -> None:
    notebook.python("globals().update(last=40)")
    wait_for_record(notebook)


def first_step(page) -> str:
    page.locator(".ftw-curves-panel").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => !document.querySelector('.ftw-curves-where').textContent.startsWith('latest')")
    text = page.locator(".ftw-curves-where").first.inner_text()
    page.keyboard.press("Escape")
    return text.split(" · ")[0]


HOLD = """
from pathlib import Path
print("begun", flush=True)
while not Path("let_go").exists():
    pass
print("done")
"""


def test_curves_move_while_another_cell_runs_and_survive_a_reload(lab: Lab) -> None:
    notebook = lab.open([START, "run.curves()", HOLD])
    notebook.run(0)
    notebook.run(1)
    wait_for_step(notebook.page, 5)
    notebook.start(2)
    notebook.wait_for_output(2, "begun")
    begun = latest(notebook.page)
    wait_for_step(notebook.page, begun + 150)  # the cell still holds the main thread
    (lab.root / "let_go").touch()
    notebook.wait_for_output(2, "done")
    notebook.save()
    notebook.reload()
    wait_for_step(notebook.page, begun + 300)
    assert first_step(notebook.page) == "step 1"
    assert notebook.python("run.status") == "training"
    notebook.python("globals().update(last=0)")


def test_an_ended_run_stays_live_here_and_is_a_record_in_the_file(lab: Lab) -> None:
    notebook = running(lab, show="curves = run.curves()\ncurves")
    end_run(notebook)
    data = notebook.outputs(1)[0]["data"]
    assert set(data) == {MIME, "text/html", "image/png", "text/plain"}
    # In this session the widget itself is shown, and Python still hears it.
    notebook.page.locator(".ftw-record .ftw-curves canvas").first.wait_for()
    notebook.python("curves.on_pick(lambda step, run: globals().update(picked=step)) or 0")
    notebook.page.get_by_role("button", name="Select steps").wait_for()
    end = notebook.python("int(run.store.rows(0)[-1, 0])")

    # A widget that is closed leaves the record behind, as a kernel that ended does.
    notebook.python("curves.close()")
    notebook.page.locator(".ftw-record-note").wait_for()
    assert first_step(notebook.page) == "step 1"

    # In another kernel, and changed since it was signed, so nobody trusts it: drawn from the file.
    book = copy.deepcopy(notebook.save())
    book.cells.append(nbformat.v4.new_markdown_cell("changed"))
    nbformat.write(book, lab.root / "saved.ipynb")
    saved = lab.reopen("saved.ipynb")
    wait_for_step(saved.page, end)
    assert not saved.page.evaluate("() => window.__panel.content.widgets[1].model.trusted")
    assert first_step(saved.page) == "step 1"
    assert "ftwidgets.load_run(" in saved.page.locator(".ftw-record-note code").inner_text()
    assert saved.page.get_by_text("model not found").count() == 0


def test_a_run_that_ends_moves_nothing_under_a_persons_hands(lab: Lab) -> None:
    """Focus and place stay: the view that was there is there, and not another like it."""
    notebook = running(lab)
    notebook.page.locator(".ftw-curves-panel").first.focus()
    notebook.page.evaluate("() => { window.held = document.activeElement; }")
    end_run(notebook)
    notebook.page.locator(".ftw-curves-status-word", has_text="finished").wait_for()
    assert notebook.page.evaluate("() => document.activeElement === window.held && window.held.isConnected")


def test_a_run_that_ends_out_of_sight_is_told(lab: Lab) -> None:
    notebook = running(lab)
    page = notebook.page
    name = notebook.python("run.name")
    told = page.locator(".Toastify__toast", has_text=f"{name} failed at step")
    page.evaluate("() => window.jupyterapp.commands.execute('launcher:create')")
    page.locator(".ftw-curves").first.wait_for(state="hidden")
    notebook.python("globals().update(last='nowhere')")  # it fails: that stays, a success is told for 8 s
    told.get_by_role("button", name="Show").click()
    page.locator(".ftw-curves-status-word", has_text="failed").wait_for()


def test_the_record_is_left_on_a_page_that_was_loaded_in_mid_run(lab: Lab) -> None:
    notebook = running(lab)
    notebook.save()
    notebook.reload()
    wait_for_step(notebook.page, 21)
    end_run(notebook)
    notebook.page.locator(".ftw-record .ftw-curves canvas").first.wait_for()  # and is the live widget here
    assert set(notebook.save().cells[1].outputs[0].data) == {MIME, "text/html", "image/png", "text/plain"}


END_WITHOUT_A_PAGE = """
from pathlib import Path

def end_when_told():
    while not Path("end").exists():
        time.sleep(0.01)
    globals().update(last=0)
    run.wait()
    Path("ended").touch()

threading.Thread(target=end_when_told, daemon=True).start()
run.curves()
"""


THERE = """async path => {
  while (!(await fetch(`/api/contents/${path}?content=0`)).ok) await new Promise(done => setTimeout(done, 50));
}"""


def test_the_record_is_left_when_no_page_was_open_at_the_end(lab: Lab) -> None:
    notebook = running(lab, show=END_WITHOUT_A_PAGE)
    notebook.save()
    notebook.page.goto("about:blank")
    elsewhere = lab.page()
    (lab.root / "end").touch()
    elsewhere.evaluate(THERE, f"{lab.root.name}/ended")
    later = lab.reopen(Path(notebook.name).name)
    wait_for_record(later)
    later.page.locator(".ftw-record .ftw-curves canvas").first.wait_for()


HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_the_saved_notebook_as_html_of_nbconvert_offline(lab: Lab, chromium: Browser, tmp_path: Path) -> None:
    named = START.replace('output_dir="runs")', f'output_dir="runs", run_name={HOSTILE!r})')
    notebook = running(lab, named)
    end_run(notebook)
    nbformat.write(notebook.save(), tmp_path / "saved.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", "saved.html", "saved.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    context = chromium.new_context(offline=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto((tmp_path / "saved.html").as_uri(), wait_until="domcontentloaded")
    picture = page.locator(".jp-OutputArea-output img[alt]").first
    picture.wait_for()
    page.wait_for_function("() => [...document.images].some(i => i.alt && i.complete && i.naturalWidth > 700)")
    rows = page.locator(".jp-OutputArea-output table tr")
    assert rows.nth(0).locator("th").all_inner_texts() == ["metric", "first", "last", "lowest", "highest", "last step"]
    loss = rows.filter(has=page.get_by_role("cell", name="loss", exact=True)).locator("td").all_inner_texts()
    assert loss[:2] == ["loss", "1"] and float(loss[2]) == pytest.approx(1 / int(loss[5]), rel=1e-3)
    assert page.get_by_text("ftwidgets.load_run(").count() >= 1
    assert page.get_by_text("model not found").count() == 0
    # The run's name is text there, and what we leave needs no script.
    assert page.get_by_text(HOSTILE).count() >= 1 and "owned" not in page.title()
    assert page.locator(".jp-OutputArea-output").locator("script, iframe, object").count() == 0
    assert page.locator(".jp-OutputArea-output img:not([alt])").count() == 0
    context.close()

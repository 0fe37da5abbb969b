"""The JupyterLab extension, and the fixture `lab` itself, in a real JupyterLab."""

import subprocess
import sys

from .lab import Lab, Notebook

STUDIO_CELL = "import ftwidgets\nftwidgets.Studio()"


def test_labextension_is_listed_as_enabled_and_ok() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"], capture_output=True, text=True, check=True
    )
    listing = done.stdout + done.stderr
    line = next(line for line in listing.splitlines() if "ftwidgets v" in line)
    assert "enabled" in line, listing
    assert "OK" in line, listing


def test_launcher_card_opens_a_notebook_with_the_studio_cell(lab: Lab) -> None:
    page = lab.page()
    page.locator(".jp-LauncherCard", has_text="Fine-tune a language model").click()
    page.locator(".jp-NotebookPanel").wait_for()
    notebook = Notebook(page, None)
    assert notebook.source(0) == STUDIO_CELL
    assert page.evaluate("() => window.__panel.sessionContext.session.kernel.name") == "python3"
    assert notebook.outputs(0) == []  # running code stays the person's own act


def test_palette_command_has_label_and_icon(lab: Lab) -> None:
    page = lab.page()
    command = "'ftwidgets:open-studio'"
    assert page.evaluate(f"() => window.jupyterapp.commands.label({command})") == "Fine-tune a language model"
    page.locator(".jp-Launcher:focus").wait_for()  # it takes the focus late, and the palette closes where it loses it
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:activate-command-palette')")
    search = page.locator(".lm-CommandPalette-input")
    search.fill("fine-tune a language")
    # Before the search every command is listed: what Enter takes is the active one.
    page.locator(".lm-CommandPalette-item.lm-mod-active", has_text="Fine-tune a language model").wait_for()
    search.press("Enter")
    page.locator(".jp-NotebookPanel").wait_for()
    assert Notebook(page, None).source(0) == STUDIO_CELL


def test_cells_run_and_python_state_is_readable(lab: Lab) -> None:
    notebook = lab.open(["numbers = [1, 2, 3]\nprint('hello')", "1 / 0"], theme="dark")
    assert notebook.run(0)[0]["text"] == "hello\n"
    assert notebook.python("numbers") == [1, 2, 3]
    assert notebook.run(1, check=False)[0]["ename"] == "ZeroDivisionError"
    notebook.save()
    notebook.reload()
    assert notebook.python("numbers") == [1, 2, 3]
    assert notebook.outputs(0)[0]["text"] == "hello\n"

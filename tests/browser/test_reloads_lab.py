"""Our views come back to a page that is loaded again: while threads make widgets, and while a cell holds the kernel."""

import pytest
from playwright.sync_api import Page

from .lab import PATIENCE, Lab, Notebook

VIEW = """
from pathlib import Path
import ipywidgets
from ftwidgets import Curves
from ftwidgets.runs.history import History

history = History()
for step in range(1, 21):
    history.append({"step": step, "epoch": step / 100, "time": step, "loss": 1 / step})

class Meanwhile(ipywidgets.Label):
    "Just when a page asks for its state a widget is closed and another made, as a thread may do it."

    made = None

    def get_state(self, *arguments, **keywords):
        if asked:
            self.made.close()
            self.made = ipywidgets.Label()
        return super().get_state(*arguments, **keywords)

    def send_state(self, *arguments, **keywords):
        alone.append(self)
        return super().send_state(*arguments, **keywords)

asked, alone = False, []
meanwhile = [Meanwhile() for _ in range(3)]
for each in meanwhile:
    each.made = ipywidgets.Label()
asked = True
Curves(history)
"""
HOLD = """
print("held", flush=True)
while not Path("let_go").exists():
    pass
"""
# A timer that is set after the one with which the page gives up asking for all widgets at once runs out after it.
GIVEN_UP = """async () => {
  for (;;) {
    await new Promise(done => setTimeout(done, 50));
    const [panel] = [...window.jupyterapp.shell.widgets('main')].filter(widget => widget.sessionContext);
    await panel?.context.ready;
    const renderer = panel?.content.rendermime.createRenderer('application/vnd.jupyter.widget-view+json');
    const manager = await Promise.race([renderer?._manager.promise, new Promise(done => setTimeout(done, 50))]);
    if (manager?._kernelRestoreInProgress) break;
  }
  await new Promise(done => setTimeout(done, 4000));
}"""


@pytest.fixture
def notebook(lab: Lab) -> Notebook:
    notebook = lab.open([VIEW, HOLD])
    notebook.run(0)
    drawn(notebook.page)
    notebook.save()
    return notebook


def drawn(page: Page) -> None:
    page.locator(".ftw-curves canvas").first.wait_for()
    assert page.get_by_text("Loading widget").count() == 0
    assert page.get_by_text("model not found").count() == 0


def test_while_widgets_are_made_and_closed(notebook: Notebook) -> None:
    for _ in range(2):
        notebook.reload()
        drawn(notebook.page)


def test_while_a_cell_holds_the_kernel(lab: Lab, notebook: Notebook) -> None:
    notebook.start(1)
    notebook.wait_for_output(1, "held")
    notebook.page.reload()
    notebook.page.wait_for_function("() => !!window.jupyterapp", timeout=PATIENCE)
    notebook.page.evaluate(GIVEN_UP)
    (lab.root / "let_go").touch()
    drawn(notebook.page)
    # Asked for one by one, the two thousand widgets of a Studio and a comparison took 17 s and often never all came.
    assert Notebook(notebook.page, notebook.name).python("len(alone)") == 0


def test_without_its_kernel_a_view_says_what_to_do(lab: Lab, notebook: Notebook) -> None:
    notebook.page.evaluate("() => window.__panel.sessionContext.session.kernel.restart()")
    for page in (notebook.page, lab.reopen(notebook.name.rpartition("/")[2]).page):
        page.locator(".ftw-record-note", has_text="run this cell again").wait_for()
        assert page.locator(".ftw-curves, .jupyter-widgets-disconnected").count() == 0

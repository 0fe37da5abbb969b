"""Our views come back to a page that is loaded again while threads make widgets."""

import pytest
from playwright.sync_api import Page

from .lab import Lab, Notebook

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

asked = False
meanwhile = [Meanwhile() for _ in range(3)]
for each in meanwhile:
    each.made = ipywidgets.Label()
asked = True
Curves(history)
"""


@pytest.fixture
def notebook(lab: Lab) -> Notebook:
    notebook = lab.open([VIEW])
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

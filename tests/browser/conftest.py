"""Fixtures of the browser tests: `widget_page` for most cases, `lab` for flows through a real JupyterLab.

Both fail the test when the page threw an error that nobody caught.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from ftwidgets.widgets.pairs import PreferencePairs

from . import chromium as chromium_program
from .lab import PATIENCE, Lab, LabServer
from .pairs_bridge import Bridge
from .widget_page import STATIC, OpenWidget, WidgetPage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Playwright keeps an event loop running as long as it lives, and other tests want to start their own: so the
# browser belongs to this package, not to the session.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One headless browser for all browser tests; skips with the reason when the machine has none."""
    program = chromium_program.find()
    if program is None:
        pytest.skip("no Chromium or Chrome found on PATH: install one, or set FTWIDGETS_CHROMIUM to its program")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(chromium_program.FLAGS), timeout=PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """One `jupyter lab` process with its own folders for notebooks, settings and runtime files."""
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def lab(lab_server: LabServer, chromium: Browser) -> Iterator[Lab]:
    """A real JupyterLab. `lab.open(["cell one", "cell two"])` gives a `Notebook` that is ready to run.

    Example::

        notebook = lab.open(["import ftwidgets\\nftwidgets.Studio()"])
        notebook.run(0)                                     # waits for the cell, fails if it raised
        notebook.page.get_by_role("button", name="Train").click()
        notebook.page.wait_for_selector(".ftw-curves canvas")
        assert notebook.python("1 + 1") == 2                # evaluated in the notebook's kernel

    See `tests/browser/lab.py` for all it can do. Pages and kernels are closed when the test ends.
    """
    opened = Lab(lab_server, chromium)
    yield opened
    opened.close()
    assert not opened.errors, "the page threw errors:\n" + "\n".join([*opened.errors, "Console:", *opened.console])


@pytest.fixture
def widget_page(chromium: Browser) -> Iterator[OpenWidget]:
    """A built bundle in a blank page, with a fake model in the place of the kernel.

    Example::

        widget = widget_page("curves", {"status": "training"}, width=900, theme="dark")
        assert widget.wait_for_sent("ready").content == {"type": "ready", "have": 0}
        widget.send({"type": "rows", "start": 0}, [rows.tobytes()])     # as Python's `self.send`
        widget.set(status="finished")                                   # as Python assigning a trait
        widget.view.get_by_text("finished").wait_for()
        assert widget.saved == [{"smoothing": 0.5}]                     # what the page gave back to Python

    `widget_page(name, traits, ...)` loads `ftwidgets/static/<name>.js` (and `.css`), calls `initialize` and one
    `render`. See `tests/browser/widget_page.py` for all it can do.
    """
    contexts: list[BrowserContext] = []
    widgets: list[WidgetPage] = []

    def open_widget(
        name: str,
        traits: dict[str, object],
        *,
        width: int = 900,
        height: int = 700,
        theme: str = "light",
        static: Path = STATIC,
    ) -> WidgetPage:
        if not (static / f"{name}.js").exists():
            pytest.fail(f"{static / name}.js is not built: run `npm run build:widgets` in labextension/")
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}))
        contexts[-1].set_default_timeout(PATIENCE)
        widgets.append(WidgetPage(contexts[-1].new_page(), name, traits, theme, static))
        return widgets[-1]

    yield open_widget
    errors = [error for widget in widgets for error in widget.errors]
    for context in contexts:
        context.close()
    assert not errors, "the page threw errors:\n" + "\n".join(errors)


@pytest.fixture
def opened(widget_page: OpenWidget) -> Iterator[Callable[..., Bridge]]:
    """Opens pairs, or a viewer of pairs, in a page with the real Python behind it: `opened(rows, **options)`."""
    bridges: list[Bridge] = []

    def open_(data: Any, page: dict[str, Any] | None = None, **options: Any) -> Bridge:
        viewer = data if isinstance(data, PreferencePairs) else PreferencePairs(data, **options)
        bridges.append(Bridge(widget_page, viewer, **(page or {})))
        bridges[-1].settle()
        return bridges[-1]

    yield open_
    for bridge in bridges:
        bridge.viewer.close()

"""A real JupyterLab in a real browser: one server for all tests, notebooks made from code cells."""

import ast
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.patience import PATIENCE as SECONDS

TOKEN = "ftwidgets-tests"
PATIENCE = 1000 * SECONDS  # ms that a page may take for anything
# Waits for the notebook `name`, or with null for the one in front, until its kernel answers.
READY = """async ([name, patience]) => {
  const app = window.jupyterapp;
  await app.restored;
  const start = Date.now();
  for (;;) {
    const panel = name === null
      ? app.shell.currentWidget
      : [...app.shell.widgets('main')].find(w => w.context && w.context.path === name);
    if (panel && panel.sessionContext) {
      await panel.context.ready;
      await panel.sessionContext.ready;
      const kernel = panel.sessionContext.session?.kernel;
      if (kernel && kernel.connectionStatus === 'connected' && panel.content.widgets.length) {
        await kernel.info;
        app.shell.activateById(panel.id);
        app.shell.collapseLeft();
        window.__panel = panel;
        return panel.context.path;
      }
    }
    if (Date.now() - start > patience) throw new Error('the notebook did not become ready');
    await new Promise(r => setTimeout(r, 50));
  }
}"""
# Pressing Ctrl+Enter or clicking loses a cell now and then; the command does not.
RUN = """async ([index, wait]) => {
  const panel = window.__panel;
  panel.content.activeCellIndex = index;
  panel.content.deselectAll();
  const done = window.jupyterapp.commands.execute('notebook:run-cell');
  if (wait) await done;
}"""
OUTPUTS = "index => window.__panel.content.widgets[index].model.outputs.toJSON()"
EVALUATE = """async expression => {
  const kernel = window.__panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code: '', store_history: false, user_expressions: {
    value: `__import__('json').dumps(${expression})` } });
  return (await future.done).content.user_expressions.value;
}"""


class LabServer:
    """A `jupyter lab` process; use it as a context manager. `url` has no trailing slash."""

    def __init__(self, home: Path) -> None:
        self.root = home / "notebooks"
        self._home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"

    def __enter__(self) -> "LabServer":
        self.root.mkdir()
        settings = self._home / "settings"
        (settings / "@jupyterlab/apputils-extension").mkdir(parents=True)
        quiet = json.dumps({"fetchNews": "false", "checkForUpdates": False})
        (settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings").write_text(quiet)
        own = {name: str(self._home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            *(f"--port={self.url.rpartition(':')[2]}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"),
            *(f"--ServerApp.root_dir={self.root}", f"--LabApp.user_settings_dir={settings}"),
            f"--LabApp.workspaces_dir={self._home / 'workspaces'}",
        ]
        self._log = (self._home / "lab.log").open("wb")
        self._process = subprocess.Popen(
            command,
            env=os.environ
            | {f"JUPYTER_{name}_DIR": path for name, path in own.items()}
            | {"IPYTHONDIR": str(self._home / "ipython"), "HF_HUB_OFFLINE": "1"},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError("jupyter lab did not start:\n" + (self._home / "lab.log").read_text()[-3000:])
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=SECONDS)
        self._log.close()

    def _answers(self) -> bool:
        try:
            self.api("status")
        except OSError:
            return False
        return True

    def api(self, path: str, method: str = "GET") -> Any:
        """One call of the server's REST API, for example `api("sessions")`."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None


class Lab:
    """What the fixture `lab` gives: opens notebooks and plain pages on the one server, in a folder of its own."""

    def __init__(self, server: LabServer, browser: Browser) -> None:
        self.server = server
        self.root = server.root / uuid.uuid4().hex[:8]  # where kernels start; no other test sees its runs
        self.root.mkdir()
        self.errors: list[str] = []  # uncaught errors of every page of this test
        self.console: list[str] = []  # what these pages wrote to their consoles as errors: often the cause
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def page(self, file: str = "", *, width: int = 1400, height: int = 1000) -> Page:
        """JupyterLab with a file of `root` open, or none, in an empty workspace, started and restored."""
        self._contexts.append(self._browser.new_context(viewport={"width": width, "height": height}))
        self._contexts[-1].set_default_timeout(PATIENCE)
        page = self._contexts[-1].new_page()
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        page.on("console", lambda said: said.type == "error" and self.console.append(said.text))
        path = f"tree/{self.root.name}/{file}" if file else ""
        page.goto(f"{self.server.url}/lab/{path}?token={TOKEN}&reset")
        page.wait_for_function("() => !!window.jupyterapp", timeout=PATIENCE)
        page.evaluate("() => window.jupyterapp.restored.then(() => true)")
        return page

    def open(
        self, cells: list[str], *, theme: str = "light", width: int = 1400, height: int = 1000, name: str | None = None
    ) -> "Notebook":
        """A new notebook of code cells, opened in a page of its own; not run yet.

        `theme` is "light" or "dark", `name` the file's name in `lab.root` (made up when left out).
        """
        name = name or f"{uuid.uuid4().hex[:8]}.ipynb"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, self.root / name)
        notebook = self.reopen(name, width=width, height=height)
        notebook.page.evaluate(
            """async theme => {
              if ((document.body.dataset.jpThemeLight === 'true') !== (theme === 'JupyterLab Light'))
                await window.jupyterapp.commands.execute('apputils:change-theme', { theme });
            }""",
            f"JupyterLab {theme.title()}",
        )
        themed = f"body[data-jp-theme-light='{str(theme == 'light').lower()}']"
        notebook.page.wait_for_selector(themed, state="attached")
        return notebook

    def reopen(self, name: str, *, width: int = 1400, height: int = 1000) -> "Notebook":
        """A notebook that lies in `root`, opened in a page of its own; not run."""
        return Notebook(self.page(name, width=width, height=height), f"{self.root.name}/{name}")

    def close(self) -> None:
        """Close this test's pages and end its kernels."""
        for context in self._contexts:
            context.close()
        for session in self.server.api("sessions"):
            self.server.api(f"sessions/{session['id']}", "DELETE")


class Notebook:
    """An open notebook; `page` is the playwright page around it."""

    def __init__(self, page: Page, name: str | None) -> None:
        self.page = page
        self.name: str = page.evaluate(READY, [name, PATIENCE])

    def run(self, index: int, *, check: bool = True) -> list[dict[str, Any]]:
        """Run one cell, wait until the kernel has done it, and give its outputs (nbformat).

        Raises AssertionError with the traceback when the cell raised, unless `check` is False.
        """
        self.page.evaluate(RUN, [index, True])
        outputs = self.outputs(index)
        raised = [output for output in outputs if output["output_type"] == "error"]
        if check and raised:
            raise AssertionError("\n".join(raised[0]["traceback"]))
        return outputs

    def start(self, index: int) -> None:
        """Send one cell to the kernel and return at once."""
        self.page.evaluate(RUN, [index, False])

    def wait_for_output(self, index: int, text: str) -> None:
        """Wait until the outputs of one cell, as the file would hold them, have this text somewhere."""
        held = f"([index, text]) => JSON.stringify(({OUTPUTS})(index)).includes(text)"
        self.page.wait_for_function(held, arg=[index, text])

    def run_all(self) -> None:
        """Run every cell in order; raises at the first that raised."""
        for index in range(self.page.evaluate("() => window.__panel.content.widgets.length")):
            self.run(index)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of one cell as the notebook file would hold them."""
        return list(self.page.evaluate(OUTPUTS, index))

    def cell(self, index: int) -> Locator:
        """The element of one cell, input and output."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def source(self, index: int) -> str:
        """The text in one cell."""
        text = "index => window.__panel.content.widgets[index].model.sharedModel.getSource()"
        return str(self.page.evaluate(text, index))

    def python(self, expression: str) -> Any:
        """The value of a Python expression in this notebook's kernel, by way of JSON; waits for a free kernel."""
        answer = self.page.evaluate(EVALUATE, expression)
        if answer["status"] != "ok":
            raise AssertionError(f"{expression} raised {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook, and give what the file now holds."""
        self.page.evaluate("() => window.__panel.context.save()")
        return nbformat.from_dict(self.page.evaluate("() => window.__panel.context.model.toJSON()"))

    def reload(self) -> None:
        """Reload the browser page, as F5 does; the kernel goes on. What was not saved is gone from the page."""
        self.page.reload()
        self.page.wait_for_function("() => !!window.jupyterapp", timeout=PATIENCE)
        self.name = self.page.evaluate(READY, [self.name, PATIENCE])

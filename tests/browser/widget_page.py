"""A built widget bundle in a blank page, with the test in the place of the kernel."""

import base64
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Route

import ftwidgets

STATIC = Path(ftwidgets.__file__).parent / "static"
THEMES = Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
FAKE_MODEL = Path(__file__).with_name("fake_model.js")
HOST = "http://widget.test"  # never asked: every request is answered from the folders above
KINDS = {".js": "text/javascript", ".css": "text/css"}
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/theme/{theme}.css"><link rel="stylesheet" href="/static/{name}.css">
<style>
  body {{ margin: 8px; background: var(--jp-layout-color0); color: var(--jp-content-font-color1);
         font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1); }}
  .view {{ margin-bottom: 8px; }}
</style>
</head><body class="jp-ThemedContainer" data-jp-theme-name="JupyterLab {title}" data-jp-theme-light="{light}">
<script type="module" src="/fake_model.js"></script></body></html>
"""


@dataclass(frozen=True)
class Sent:
    """A message from the page to Python, as a handler of `Widget.on_msg` would get it."""

    content: Any
    buffers: list[bytes] = field(default_factory=list)


class OpenWidget(Protocol):
    """What the fixture `widget_page` gives."""

    def __call__(
        self,
        name: str,
        traits: dict[str, object],
        *,
        width: int = 900,
        height: int = 700,
        theme: str = "light",
        static: Path = STATIC,
    ) -> "WidgetPage": ...


class WidgetPage:
    """One widget model with one view or more. Everything the kernel could do to it is a method here."""

    def __init__(self, page: Page, name: str, traits: dict[str, object], theme: str, static: Path) -> None:
        self.page = page
        self._static = static
        self.errors: list[str] = []  # uncaught errors of the page and failed loads
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        html = PAGE.format(name=name, theme=theme, title=theme.title(), light=str(theme == "light").lower())
        page.route(f"{HOST}/**", lambda route: self._answer(route, html))
        page.goto(f"{HOST}/")
        page.evaluate("([name, traits]) => window.fake.start(name, traits)", [name, _packed(traits)])
        self.view = self.add_view()

    def _answer(self, route: Route, html: str) -> None:
        path = urlsplit(route.request.url).path
        folder, _, name = path.strip("/").rpartition("/")
        if path == "/":
            route.fulfill(body=html, content_type="text/html")
            return
        theme = THEMES / f"theme-{Path(name).stem}-extension/index.css"
        file = {"": FAKE_MODEL, "static": self._static / name, "theme": theme}
        wanted = file.get(folder)
        if wanted is not None and wanted.exists():
            route.fulfill(body=wanted.read_bytes(), content_type=KINDS[wanted.suffix])
        elif path.endswith(".css"):
            route.fulfill(body="", content_type="text/css")  # not every widget has its own
        else:
            self.errors.append(f"the page asked for {path}")
            route.fulfill(status=404)

    def add_view(self) -> Locator:
        """Display the model once more, as a second output or "Create new view" does; the new view's element."""
        return self.page.locator("#" + self.page.evaluate("() => window.fake.addView()"))

    def close_view(self, index: int = 0) -> None:
        """Remove a view, as clearing its output does."""
        self.page.evaluate("index => window.fake.closeView(index)", index)

    def destroy(self) -> None:
        """Remove the model, as `Widget.close()` in Python or a kernel restart does."""
        self.page.evaluate("() => window.fake.destroy()")

    def set(self, **traits: object) -> None:
        """Change traits as Python would; values of type bytes arrive as a DataView."""
        self.page.evaluate("traits => window.fake.set(traits)", _packed(traits))

    def get(self, trait: str) -> Any:
        """The trait's value in the page, saved or not."""
        return _unpacked(self.page.evaluate("name => window.fake.get(name)", trait))

    def send(self, content: object, buffers: list[bytes] | None = None) -> None:
        """Send a message as `Widget.send(content, buffers)` in Python; returns when the handlers have run."""
        packed = [_packed({"": buffer})[""] for buffer in buffers or []]
        self.page.evaluate("([content, buffers]) => window.fake.receive(content, buffers)", [content, packed])

    @property
    def sent(self) -> list[Sent]:
        """Every message from the page so far, oldest first."""
        return self.sent_since(0)

    def sent_since(self, count: int) -> list[Sent]:
        """The messages from the page after the first ``count``."""
        messages = self.page.evaluate("count => window.fake.model.sent.slice(count)", count)
        return [Sent(m["content"], [_unpacked(buffer) for buffer in m["buffers"]]) for m in messages]

    @property
    def saved(self) -> list[dict[str, Any]]:
        """What each `save_changes()` gave back to Python: the traits that had changed, oldest first."""
        saves = self.page.evaluate("() => window.fake.model.saved")
        return [{name: _unpacked(value) for name, value in save.items()} for save in saves]

    def wait_for_sent(self, kind: str, count: int = 1) -> Sent:
        """Wait until the page has sent `count` messages whose content's `type` is `kind`; the last of them."""
        self.page.wait_for_function(
            "([kind, count]) => window.fake.model.sent.filter(m => m.content?.type === kind).length >= count",
            arg=[kind, count],
        )
        return [message for message in self.sent if message.content.get("type") == kind][count - 1]

    def wait_for_saved(self, count: int = 1) -> dict[str, Any]:
        """Wait until the page has saved changes `count` times; the changes of that save."""
        self.page.wait_for_function("count => window.fake.model.saved.length >= count", arg=count)
        return self.saved[count - 1]

    @property
    def listeners(self) -> int:
        """How many listeners the widget holds on the model: a view that is closed must take its own along."""
        return int(self.page.evaluate("() => window.fake.model.listeners"))


def _packed(values: dict[str, object]) -> dict[str, object]:
    return {
        name: {"__bytes__": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _unpacked(value: Any) -> Any:
    return base64.b64decode(value["__bytes__"]) if isinstance(value, dict) and "__bytes__" in value else value

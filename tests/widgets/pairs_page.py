"""Plays the page of a pair viewer, and a run beside it."""

import json
import threading
from typing import Any

from ftwidgets.widgets.pairs import PreferencePairs
from tests.patience import PATIENCE

ROWS = [{"prompt": f"q{at // 2}", "chosen": f"good {at} " + "x" * at, "rejected": f"bad {at}"} for at in range(6)]


class Page:
    """Plays the page: asks, waits for the answer under the same id, keeps what it was told."""

    def __init__(self, viewer: PreferencePairs) -> None:
        self.viewer = viewer
        self.told: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self._next = 0
        viewer.send = self._hear  # type: ignore[method-assign]

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False)  # what the page cannot read must not be sent
        with self._came:
            self.told.append(content)
            self._came.notify_all()

    def ask(self, kind: str, **fields: Any) -> Any:
        self._next += 1
        number = self._next
        self.viewer._handle_custom_msg({"type": kind, "id": number, **fields}, [])
        found = self.wait(lambda m: m.get("id") == number)
        if found["type"] == "error":
            raise AssertionError(found["message"])
        return found["value"]

    def wait(self, wanted: Any, after: int = 0) -> dict[str, Any]:
        with self._came:
            assert self._came.wait_for(lambda: any(wanted(m) for m in self.told[after:]), PATIENCE), self.told
            return next(m for m in self.told[after:] if wanted(m))

    def look(self, **query: Any) -> dict[str, Any]:
        """Filter; the view when it is whole."""
        at = len(self.told)
        self.ask("query", **query)
        return self.wait(lambda m: m["type"] in ("view", "failed") and not m.get("partial"), at)

    def ids(self) -> list[int]:
        return self.ask("rows", start=0, stop=100)["row_id"]


class MadeRun:
    """What the viewer asks of a run."""

    config = type("Config", (), {"max_length": 3, "method": "dpo"})()
    tokenizer = None
    ended = False

    def __init__(self, *events: dict[str, Any]) -> None:
        self.all = list(events)
        self.listener: Any = None

    @property
    def events(self) -> Any:
        return type("Events", (), {"of": lambda _, kind: list(self.all) if kind == "examples" else []})()

    def subscribe(self, listener: Any) -> Any:
        self.listener = listener
        return lambda: setattr(self, "listener", None)

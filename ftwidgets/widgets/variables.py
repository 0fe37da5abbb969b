"""What the notebook holds that the form can use: rows as a dataset, functions as a reward, each by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from ftwidgets.data.kernel_objects import VARIABLE, offered
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.text import paragraph

MOST = 12  # buttons; what is beyond is typed
FUNCTION = "function "
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Offers(w.HBox):
    """A button for each thing of a kind. What is offered follows the cells that are run.

    Args:
        choose: Called with the prefix and the name when one is picked.
        changed: Called when others are offered, or others under the same names.
        namespace: Where they are; that of the notebook if left out.
    """

    prefix = ""
    kind = ""
    icon = ""

    def look(self, namespace: Mapping[str, Any]) -> dict[str, str]:
        """The names to offer, each with a few words."""
        raise NotImplementedError

    def __init__(
        self,
        choose: Callable[[str], None],
        changed: Callable[[], None],
        namespace: Callable[[], Mapping[str, Any]] | None = None,
    ):
        self._choose, self._changed = choose, changed
        self._namespace = namespace or _notebook
        self._known: dict[str, tuple[int, str]] = {}
        self._title = paragraph("In this notebook:", "quiet")
        self._buttons: list[w.Button] = []
        super().__init__([])
        self.add_class("ftw-variables")
        self.refresh()
        self._cells = _shell_events()
        if self._cells is not None:
            self._cells.register("post_run_cell", self._ran)

    @property
    def names(self) -> list[str]:
        """What may stand in the field."""
        return [self.prefix + name for name in self._known]

    def find(self, value: str) -> Any:
        """The object that a field's value names, ``None`` where it begins otherwise.

        Raises:
            FtwidgetsError: No such thing is in the notebook now.
        """
        if not value.startswith(self.prefix):
            return None
        name = value.removeprefix(self.prefix).strip()
        namespace = self._namespace()
        if not self.look({name: namespace.get(name)}):
            here = ", ".join(self._known) or "none"
            raise FtwidgetsError(
                f"No {self.kind} {name!r} is in this notebook (there are: {here}). Run the cell that makes it."
            )
        return namespace[name]

    def refresh(self) -> None:
        """Look at the variables anew."""
        namespace = dict(self._namespace())
        known = {name: (id(namespace[name]), said) for name, said in self.look(namespace).items()}
        if known == self._known:
            return
        self._known = known
        for old in self._buttons:
            old.close()
        self._buttons = [self._button(name, said) for name, (_, said) in list(known.items())[:MOST]]
        self.children = [self._title, *self._buttons] if self._buttons else []
        self._changed()

    def _button(self, name: str, said: str) -> w.Button:
        button = w.Button(description=name, icon=self.icon, tooltip=f"Use {name}: {said}")
        button.on_click(lambda _: self._choose(self.prefix + name))
        return button

    def _ran(self, *_: Any) -> None:
        self.refresh()

    def close(self) -> None:
        if self._cells is not None:
            self._cells.unregister("post_run_cell", self._ran)
            self._cells = None
        super().close()


class Variables(Offers):
    """The variables that hold rows, as ``"variable: name"``."""

    prefix, kind, icon = VARIABLE, "variable with rows", "table"

    def look(self, namespace: Mapping[str, Any]) -> dict[str, str]:
        return offered(namespace)


class Functions(Offers):
    """The notebook's own functions of two arguments, prompts and completions, as ``"function name"``."""

    prefix, kind, icon = FUNCTION, "function of prompts and completions", "calculator"

    def look(self, namespace: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for name, value in namespace.items():
            if name.startswith("_") or not inspect.isfunction(value) or value.__module__ != "__main__":
                continue
            given = list(inspect.signature(value).parameters.values())
            needed = [
                p for p in given if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            ]
            if len(needed) == 2:
                found[name] = f"{name}{inspect.signature(value)}, as the reward"
        return found


def _notebook() -> Mapping[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def _shell_events() -> Any:
    from IPython import get_ipython

    shell = get_ipython()
    return shell.events if shell is not None else None

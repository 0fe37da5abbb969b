"""What a run takes from the notebook by name: rows in a variable, and a function as PPO's reward."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.data.saving import save_object
from ftwidgets.starting import function_name
from ftwidgets.widgets.variables import FUNCTION, Functions, Variables


class FromNotebook:
    """Rows and functions that no config can hold.

    Args:
        variables, functions: What the notebook offers.
        own: The function that Studio was given, which needs no name in the notebook.
        place: Where rows that are in no file of the person's own are kept.
    """

    def __init__(
        self,
        variables: Variables,
        functions: Functions,
        own: Callable[..., Any] | None,
        place: Callable[[], Path],
    ):
        self._variables, self._functions, self._own, self._place = variables, functions, own, place

    def rows(self, dataset: str) -> Any:
        """The rows that ``"variable: name"`` names, ``None`` for any other dataset.

        Raises:
            FtwidgetsError: No such variable holds rows now.
        """
        return self._variables.find(dataset)

    def function(self, method: str, reward: Any) -> Callable[..., Any] | None:
        """The function that ``"function name"`` names, ``None`` for any other reward or method.

        Raises:
            FtwidgetsError: There is no such function now.
        """
        name = str(reward or "")
        if method != "ppo" or not name.startswith(FUNCTION):
            return None
        if self._own is not None and name == function_name(self._own):
            return self._own
        return self._functions.find(name)

    def reward(self, config: RunConfig) -> dict[str, Any]:
        """``reward=`` for ``train``, where it is a function."""
        function = self.function(config.method, config.reward)
        return {"reward": function} if function is not None else {}

    def keywords(self, config: RunConfig) -> dict[str, Any]:
        """What to give beside ``config`` where no run is made of it."""
        rows = self.rows(config.dataset)
        return self.reward(config) | ({"dataset": rows} if rows is not None else {})

    def kept(self, config: RunConfig) -> RunConfig:
        """``config`` with its rows in a file, so that the run can be repeated."""
        rows = self.rows(config.dataset)
        return config if rows is None else config.replace(dataset=self.keep(rows))

    def keep(self, rows: Any) -> str:
        """Write rows to a file; returns its path."""
        return str(save_object(rows, self._place()))

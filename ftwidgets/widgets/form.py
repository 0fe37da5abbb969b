"""The form of a run: a field for every option, one valid config or a list of problems."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w

from ftwidgets.config import OPTIONS, ConfigError, IncompleteError, RunConfig, defaults
from ftwidgets.widgets.fields import Field
from ftwidgets.widgets.fold import Fold

TO_COME = "(to be chosen)"


class Form:
    """Fields for every option, generated from ``RunConfig``.

    Args:
        values: What the fields show at first, by option.
        suggestions: What is offered while typing, by option.
        controls: Controls of other kinds than the option's type would have, by option. Each has a trait ``value``.

    Attributes:
        fields: The field of each option.
        config: The config that the fields describe, or ``None`` while there are problems.
        draft: ``config``, or where only a choice is still to be made, one with something in its place: enough to tell
            the memory.
        problems: What is wrong, by option; an empty name for what is wrong with the whole.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        suggestions: Mapping[str, Sequence[str]],
        controls: Mapping[str, w.DOMWidget] | None = None,
    ):
        own = controls or {}
        self.fields = {
            name: Field(option, values.get(name), suggestions.get(name), own.get(name))
            for name, option in OPTIONS.items()
        }
        self.config: RunConfig | None = None
        self.draft: RunConfig | None = None
        self.problems: dict[str, str] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._folds: dict[str, Fold] = {}
        self._filling = False
        self._reading = threading.RLock()  # what is read in the background fills fields while a person types
        self._before: tuple[str, str] = (values["method"], values["model"])
        for field in self.fields.values():
            field.on_change(self._changed)
        self._read()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` after every change, when ``config`` and ``problems`` are up to date."""
        self._callbacks.append(callback)

    def fill(self, config: RunConfig) -> None:
        """Show ``config``."""
        with self._reading:
            self._filling = True
            try:
                values = config.to_dict()
                for name, field in self.fields.items():
                    if config.method in OPTIONS[name].methods:
                        field.show_value(values[name])
                self._before = (config.method, config.model)
            finally:
                self._filling = False
        self._changed()

    def change(self, **values: Any) -> None:
        """Set some options, as if typed."""
        with self._reading:
            self._filling = True
            try:
                for name, value in values.items():
                    self.fields[name].show_value(value)
            finally:
                self._filling = False
        self._changed()

    def used(self, name: str) -> bool:
        """Whether the chosen method uses the option."""
        return str(self.fields["method"].control.value) in OPTIONS[name].methods

    def unfold(self, name: str) -> None:
        """Open the part that an option's field is in."""
        if name in self._folds:
            self._folds[name].unfolded = True

    def _changed(self) -> None:
        with self._reading:
            if self._filling:  # by this thread, which goes on to call this when it is done
                return
            now = (str(self.fields["method"].control.value), str(self.fields["model"].control.value).strip())
            if now != self._before:
                self._follow_defaults(*self._before, *now)
                self._before = now
            self._read()
        for callback in self._callbacks:
            callback()

    def _follow_defaults(self, old_method: str, old_model: str, method: str, model: str) -> None:
        """Another method or model recommends other values: fields the person left alone take them."""
        before, after = defaults(old_method, old_model), defaults(method, model)
        self._filling = True
        try:
            for name, field in self.fields.items():
                if name in ("method", "model") or method not in OPTIONS[name].methods:
                    continue
                new = old_method not in OPTIONS[name].methods
                if new or _same(field.read(), before[name]):
                    field.show_value(after[name])
        finally:
            self._filling = False

    def _read(self) -> None:
        values = {name: field.read() for name, field in self.fields.items() if self.used(name)}
        try:
            self.config, self.problems = RunConfig(**values), {}
            self.draft = self.config
        except ConfigError as error:
            self.config, self.problems = None, error.problems
            possible = isinstance(error, IncompleteError)
            self.draft = RunConfig(**values | dict.fromkeys(error.problems, TO_COME)) if possible else None
        usual = defaults(values["method"], str(values["model"]).strip())
        for name, field in self.fields.items():
            field.layout.display = "" if self.used(name) else "none"
            field.show_problem(self.problems.get(name, ""))
            field.mark_changed(self.used(name) and not _same(values[name], usual[name]))

    def group(self, names: Sequence[str]) -> w.VBox:
        """Some fields in a grid, the advanced ones folded."""
        plain = [self.fields[n] for n in names if not OPTIONS[n].advanced]
        advanced = [self.fields[n] for n in names if OPTIONS[n].advanced]
        parts: list[w.Widget] = [_grid(plain)]
        if advanced:
            fold = Fold("Advanced", _grid(advanced))
            fold.add_class("ftw-advanced")
            self._folds |= {field.option.name: fold for field in advanced}

            def retitle() -> None:
                used = [f for f in advanced if self.used(f.option.name)]
                changed = sum("ftw-changed" in f._dom_classes for f in used)
                fields = "1 field" if len(used) == 1 else f"{len(used)} fields"
                fold.title = f"Advanced ({fields}" + (f", {changed} changed)" if changed else ")")
                fold.layout.display = "" if used else "none"

            self.on_change(retitle)
            retitle()
            parts.append(fold)
        return w.VBox(parts)


def _grid(fields: Sequence[Field]) -> w.GridBox:
    grid = w.GridBox(list(fields))
    grid.add_class("ftw-grid")
    return grid


def _same(typed: Any, value: Any) -> bool:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return typed == value
    try:
        return float(typed) == float(value)
    except (TypeError, ValueError):
        return str(typed) == str(value)

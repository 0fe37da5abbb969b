"""One option of a run as a labelled control, made from the option's own declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
import yaml

from ftwidgets.config import Option
from ftwidgets.widgets.go_to import place


class Field(w.VBox):
    """A label, a control, what the option means, and what is wrong with it.

    The control holds what the person typed, which may not be a value yet: ``read`` gives it to ``RunConfig`` to judge.
    """

    def __init__(
        self,
        option: Option,
        value: Any,
        suggestions: Sequence[str] | None = None,
        control: w.DOMWidget | None = None,
    ):
        self.option = option
        self.control = control or _control(option, suggestions)
        self.control.tooltip = _tooltip(option)
        self.control.add_class("ftw-control")
        self._unit = w.Label(option.unit, layout=w.Layout(display="" if option.unit else "none"))
        self._unit.add_class("ftw-unit")
        self._help = w.Label(option.help)
        self._help.add_class("ftw-help")
        self._problem = w.Label("", layout=w.Layout(display="none"))
        self._problem.add_class("ftw-problem")
        self._note = w.Label("", layout=w.Layout(display="none"))
        self._note.add_class("ftw-note")
        line = w.HBox([self.control, self._unit])
        line.add_class("ftw-line")
        super().__init__([line, self._help, self._note, self._problem])
        self.add_class("ftw-field")
        self.add_class(place(option.name))
        self.show_value(value)

    def read(self) -> Any:
        """What stands in the control: ``None`` when it is empty and may be, else a value or the text typed."""
        value = self.control.value
        if not isinstance(value, str):
            return value
        text = value.strip()
        if self.option.empty and not text:
            return None
        if self.option.type is list:
            return [line.strip() for line in text.splitlines() if line.strip()] or None
        if self.option.type is dict:
            try:
                return yaml.safe_load(text)
            except yaml.YAMLError:
                return text
        return text

    def show_value(self, value: Any) -> None:
        """Put ``value`` into the control, as a person would write it."""
        self.control.value = _written(self.option, value)

    def show_problem(self, text: str) -> None:
        """Say what is wrong, beside the control; nothing when it is empty."""
        if self._problem.value == text:
            return
        self._problem.value = f"⚠ {text}" if text else ""
        self._problem.layout.display = "" if text else "none"
        (self.add_class if text else self.remove_class)("ftw-has-problem")

    def show_note(self, text: str) -> None:
        """Say what to think of, which keeps no run from starting; nothing when it is empty."""
        self._note.value = f"ℹ {text}" if text else ""
        self._note.layout.display = "" if text else "none"

    def suggest(self, options: Sequence[str]) -> None:
        """Offer these while typing."""
        if isinstance(self.control, w.Combobox):
            self.control.options = list(options)

    def mark_changed(self, changed: bool) -> None:
        """Mark a value that differs from the default."""
        (self.add_class if changed else self.remove_class)("ftw-changed")

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` when the person changes the control."""
        self.control.observe(lambda _: callback(), "value")


def _control(option: Option, suggestions: Sequence[str] | None) -> w.DOMWidget:
    keywords = {"description": option.name, "style": {"description_width": "initial"}}
    if option.type is bool:
        return w.Checkbox(indent=False, **keywords)
    if option.choices:
        return w.Dropdown(options=list(option.choices), **keywords)
    if option.type in (list, dict):
        return w.Textarea(rows=2, placeholder=option.empty, **keywords)
    if suggestions is not None:
        return w.Combobox(
            options=list(suggestions), ensure_option=False, placeholder=option.empty, continuous_update=True, **keywords
        )
    return w.Text(placeholder=option.empty, continuous_update=True, **keywords)


def _tooltip(option: Option) -> str:
    parts = [option.help, f"Takes {option.allowed()}."]
    if option.empty:
        parts.append(f"Left empty: {option.empty}.")
    if option.default is not None:
        parts.append(f"Why this default: {option.source}.")
    return " ".join(parts)


def _written(option: Option, value: Any) -> Any:
    if option.type is bool:
        return bool(value)
    if isinstance(value, str):
        return value
    if value is None:  # of a method that does not use the option
        return option.default if option.choices else ""
    if option.type is list:
        return "\n".join(value)
    if option.type is dict:
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).strip()
    if option.type is float:
        return repr(float(value)).removesuffix(".0")
    return str(value)

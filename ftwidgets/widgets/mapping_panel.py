"""Which column plays which role, chosen by hand: a control for each part of a mapping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from ftwidgets.data.columns_found import ColumnsFound
from ftwidgets.data.mapping_words import OPTION_WORDS, ROLE_WORDS
from ftwidgets.data.messages import ROLES as KNOWN_SPEAKERS
from ftwidgets.data.shapes import SHAPES
from ftwidgets.data.turn_names import ROLES
from ftwidgets.widgets.fold import Fold
from ftwidgets.widgets.go_to import place
from ftwidgets.widgets.text import paragraph, safe

FOUND = "read off the rows"
NONE = "—"
TITLE = "Map columns by hand"


class Choice(w.VBox):
    """A labelled dropdown with a word on what it means. A value that is not among the options joins them."""

    def __init__(self, label: str, said: str, chosen: Callable[[], None]):
        self.control = w.Dropdown(
            options=[(NONE, "")], description=label, tooltip=said, style={"description_width": "initial"}
        )
        self.control.add_class("ftw-control")
        self._help = w.Label(said)
        self._help.add_class("ftw-help")
        self._chosen, self._silent = chosen, False
        line = w.HBox([self.control])
        line.add_class("ftw-line")
        super().__init__([line, self._help])
        self.add_class("ftw-field")
        self.control.observe(self._changed, "value")

    def show(self, options: Sequence[tuple[str, Any]], value: Any) -> None:
        """Offer these, with `value` chosen, without telling of it."""
        known = [each for _, each in options]
        # A dropdown whose value is None shows nothing: the control holds "" for it.
        offered = [*options, *([] if value in known else [(f"{value} (not in these rows)", value)])]
        self._silent = True
        try:
            written = [(label, "" if each is None else each) for label, each in offered]
            if list(self.control.options) != written:
                self.control.options = written
            self.control.value = "" if value is None else value
        finally:
            self._silent = False

    @property
    def value(self) -> Any:
        return None if self.control.value == "" else self.control.value

    def _changed(self, _: Any) -> None:
        if not self._silent:
            self._chosen()


class MappingPanel(Fold):
    """Controls for a run's ``mapping``; with the shape “read off the rows” there is none.

    Args:
        change: Called with the mapping, or None, when the person chooses.
    """

    def __init__(self, change: Callable[[dict[str, Any] | None], None]):
        self._change = change
        self._columns = ColumnsFound()
        self._found: dict[str, Any] = {}
        self._mapping: dict[str, Any] = {}
        self._shape = Choice("shape", "What a row holds.", self._other_shape)
        self._shape.add_class("ftw-wide")
        self._shape.add_class(place("mapping"))
        self._roles: dict[str, Choice] = {role: Choice(role, said, self._tell) for role, said in ROLE_WORDS.items()}
        self._options = {name: Choice(title, said, self._tell) for name, (title, said, _) in OPTION_WORDS.items()}
        self._speakers: dict[str, Choice] = {}
        self._grid = w.GridBox([])
        self._grid.add_class("ftw-grid")
        self._turns = w.GridBox([])
        self._turns.add_class("ftw-grid")
        self._turns_title = paragraph("Turns of a conversation", "section")
        self._problem = paragraph(kind="problem")
        super().__init__(TITLE, self._grid, self._turns_title, self._turns, self._problem)
        self.add_class("ftw-advanced")
        self.add_class("ftw-mapping")
        self._draw()

    def show(self, mapping: Any, columns: ColumnsFound | None, found: dict[str, Any] | None) -> None:
        """Show the run's mapping for rows with these columns; `found` is what was read off them, or None.

        Without columns (the rows are being looked at) those known stay. Opens where the rows must be mapped.
        """
        if columns is None:
            columns = self._columns
        elif columns is not self._columns and found is None and columns.names:
            self.unfolded = True
        self._columns, self._found = columns, found or {}
        self._mapping = dict(mapping) if isinstance(mapping, dict) else {}
        self._draw()

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the mapping, under its controls; nothing when it is empty."""
        self._problem.value = safe(f"⚠ {text}") if text else ""
        self._problem.layout.display = "" if text else "none"

    @property
    def mapping(self) -> dict[str, Any] | None:
        """What the controls say."""
        shape = self._shape.value
        if shape is None:
            return None
        said: dict[str, Any] = {"shape": shape}
        for name in SHAPES[shape].roles:
            if (column := self._roles[name].value) is not None:
                said[name] = column
        for name in self._shown_options():
            value = self._options[name].value
            if value not in (None, next(iter(OPTION_WORDS[name][2]), None)):
                said[name] = value
        speakers = {name: choice.value for name, choice in self._speakers.items() if self._speaks(name, choice)}
        return said | ({"speakers": speakers} if speakers else {})

    @staticmethod
    def _speaks(name: str, choice: Choice) -> bool:
        """Whether the choice says more than the name does."""
        return choice.value is not None and choice.value != KNOWN_SPEAKERS.get(name.lower())

    def _tell(self) -> None:
        self._mapping = self.mapping or {}
        self._draw()
        self._change(self.mapping)

    def _other_shape(self) -> None:
        """Another shape keeps the columns of the roles that it has too, and takes the others by their names."""
        shape = self._shape.value
        if shape is None:
            self._mapping = {}
        else:
            kept = {**self._found, **self._mapping} if self._found.get("shape") == shape else dict(self._mapping)
            roles = {**self._columns.guess(shape), **{n: kept[n] for n in SHAPES[shape].roles if kept.get(n)}}
            turns = {n: kept[n] for n in ("role_field", "content_field", "speakers") if kept.get(n)}
            self._mapping = {"shape": shape, **roles, **turns}
        self._draw()
        self._change(self.mapping)

    def _shown_options(self) -> list[str]:
        shape = self._shape.value
        shown = ["as", *(["rule"] if shape == "ranked" else []), "kind"]
        if shape in ("text", "prompts"):
            shown = []
        return shown + (["role_field", "content_field"] if self._has_turns() else [])

    def _has_turns(self) -> bool:
        """Whether the rows hold lists of objects, which are turns unless they are answers with scores."""
        named = any(self._mapping.get(name) for name in ("role_field", "content_field", "speakers"))
        return named or (bool(self._columns.fields) and self._mapping.get("shape") not in ("text", "ranked", "alpaca"))

    def _draw(self) -> None:
        shape = self._mapping.get("shape") or (None if not self._mapping else _without_shape(self._mapping))
        self._shape.show([(FOUND, None), *((s.title, s.name) for s in SHAPES.values())], shape)
        if shape not in SHAPES:
            self._grid.children, self._turns.children = [self._shape], []
            self._turns_title.layout.display = "none"
            return
        keys = [(name, name) for name in self._columns.fields]
        columns = [(name, name) for name in self._columns.names]
        for role in SHAPES[shape].roles:
            none = "choose a column" if role in SHAPES[shape].required else NONE
            offered = keys if role in ("answer_field", "score_field") else columns
            self._roles[role].show([(none, None), *offered], self._mapping.get(role))
        fields = {"role_field": self._columns.role_field(), "content_field": self._columns.content_field()}
        shown = self._shown_options()
        for name in shown:
            words = [(said, value) for value, said in OPTION_WORDS[name][2].items()]
            if name in fields:
                words = [(f"{fields[name]} (as usual)" if fields[name] else NONE, None), *keys]
            self._options[name].show(words, self._mapping.get(name) or words[0][1])
        self._show_speakers()
        roles = [self._roles[role] for role in SHAPES[shape].roles]
        self._grid.children = [self._shape, *roles, *(self._options[n] for n in shown if n not in fields)]
        turns = [*(self._options[n] for n in shown if n in fields), *self._speakers.values()]
        self._turns.children = turns
        self._turns_title.layout.display = "" if turns else "none"

    def _show_speakers(self) -> None:
        given = self._mapping.get("speakers")
        given = given if isinstance(given, dict) else {}
        heard = self._columns.speakers(self._mapping.get("role_field")) if self._has_turns() else []
        wanted = list(dict.fromkeys([*heard, *map(str, given)]))
        for name in [name for name in self._speakers if name not in wanted]:
            self._speakers.pop(name).close()
        for name in wanted:
            if name not in self._speakers:
                self._speakers[name] = Choice(f"{name} is", "Which part this speaker has.", self._tell)
            value = given.get(name, KNOWN_SPEAKERS.get(name.lower()))
            self._speakers[name].show([(NONE, None), *((role, role) for role in ROLES)], value)


def _without_shape(mapping: dict[str, Any]) -> str | None:
    """The shape that a mapping means which names none."""
    from ftwidgets.data.mapping import Mapping
    from ftwidgets.errors import FtwidgetsError

    try:
        return Mapping.from_dict(mapping).shape
    except FtwidgetsError:
        return None

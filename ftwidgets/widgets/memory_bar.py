"""Will it fit: a run's memory by parts, against what is free."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.memory import DeviceMemory, Fit, MemoryEstimate, gb
from ftwidgets.memory.estimate import WORDS

CSS = Path(__file__).with_name("memory_bar.css")
VERDICTS = {"fits": ("✓", "fits"), "tight": ("≈", "tight"), "does not fit": ("✕", "does not fit")}
ASK = "Make it fit"
ASK_HELP = "Propose the smallest changes with which this run fits"
UNKNOWN = "Memory: not known yet"
BEYOND = "more than is free"


class MemoryBar(w.VBox):
    """A stacked bar: the parts of an estimate, its range, and the memory that is free.

    Args:
        ask: Works out changes with which the run fits; the button that asks for them shows when it does not.
        accept: Called with the new values when the person accepts them.

    Attributes:
        verdict: ``"fits"``, ``"tight"``, ``"does not fit"`` or an empty string.
        line, more: Where a button, and what comes of it, can be added: beside the verdict and below the bar.
    """

    def __init__(
        self, ask: Callable[[], Fit] | None = None, accept: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.verdict = ""
        self._ask_for, self._accept_with, self._proposal = ask, accept, None
        self._word = w.Label(UNKNOWN, tooltip="")
        self._word.add_class("ftw-memory-word")
        self._ask = w.Button(description=ASK, tooltip=ASK_HELP, layout=w.Layout(display="none"))
        self._ask.on_click(lambda _: self._show_proposal())
        self._segments = {name: _piece(f"ftw-memory-{name}") for name in WORDS}
        self._free = _piece("ftw-memory-free")
        bar = w.HBox([*self._segments.values(), self._free])
        bar.add_class("ftw-memory-bar")
        self._before, self._range = _piece("ftw-memory-space"), _piece("ftw-memory-range")
        self._room, self._edge = _piece("ftw-memory-space"), _piece("ftw-memory-edge")
        under = w.HBox([self._before, self._range])
        under.add_class("ftw-memory-under")
        limit = w.HBox([self._room, self._edge])
        limit.add_class("ftw-memory-under")
        self._names = {name: w.Label("", tooltip=words) for name, words in WORDS.items()}
        for name, label in self._names.items():
            label.add_class("ftw-memory-name")
            label.add_class(f"ftw-memory-of-{name}")
        self._beyond = w.Label(BEYOND, tooltip="The red line under the bar")
        self._beyond.add_class("ftw-memory-name")
        self._beyond.add_class("ftw-memory-of-edge")
        self._legend = w.HBox([*self._names.values(), self._beyond])
        self._legend.add_class("ftw-memory-legend")
        self._offer = w.VBox()
        self._offer.add_class("ftw-memory-offer")
        self.line = w.HBox([self._word, self._ask])
        self.line.add_class("ftw-memory-line")
        self._drawn = w.VBox([bar, under, limit, self._legend], layout=w.Layout(display="none"))
        self.more = w.VBox()
        super().__init__([_style(), self.line, self._drawn, self._offer, self.more])
        self.add_class("ftw-memory")

    def update(self, estimate: MemoryEstimate | None, available: DeviceMemory | float | None) -> None:
        """Show an estimate against the memory that is free (a device's, or bytes); ``None`` where it is not known."""
        self._put_away()
        if estimate is None or available is None:
            self.verdict = ""
            self._word.value, self._word.tooltip = UNKNOWN, ""
            self._drawn.layout.visibility = "hidden"  # its room stays: nothing jumps while another model is looked for
            self._ask.layout.display = "none"
            return
        free = float(available.free if isinstance(available, DeviceMemory) else available)
        place = f" on {available.name}" if isinstance(available, DeviceMemory) else ""
        self.verdict = estimate.fits(free)
        icon, word = VERDICTS[self.verdict]
        span = f"likely {gb(estimate.low)} to {gb(estimate.high)} GB"
        self._word.value = f"{icon} {word}: {gb(estimate.total)} of {gb(free)} GB free{place} · {span}"
        self._word.tooltip = f"An estimate by arithmetic; {span}."
        for verdict in VERDICTS:
            (self.add_class if verdict == self.verdict else self.remove_class)(f"ftw-memory-is-{verdict.split()[0]}")
        self._draw(estimate, free)
        can_ask = self._ask_for is not None and self.verdict != "fits"
        self._ask.layout.display = "" if can_ask else "none"

    def _draw(self, estimate: MemoryEstimate, free: float) -> None:
        whole = max(free, estimate.high)
        for name, size in estimate.parts.items():
            _wide(self._segments[name], size / whole)
            self._segments[name].tooltip = f"{name}: {gb(size)} GB. {WORDS[name].capitalize()}."
            self._names[name].value = f"{name} {gb(size)} GB"
            self._names[name].layout.display = "" if size else "none"
        _wide(self._free, max(0.0, free - estimate.total) / whole)
        self._free.tooltip = f"Left over: {gb(max(0.0, free - estimate.total))} GB"
        _wide(self._before, estimate.low / whole)
        _wide(self._range, (estimate.high - estimate.low) / whole)
        self._range.tooltip = f"The estimate's range: {gb(estimate.low)} to {gb(estimate.high)} GB"
        _wide(self._room, free / whole)
        _wide(self._edge, (whole - free) / whole)
        self._edge.tooltip = f"Beyond the {gb(free)} GB that are free"
        self._beyond.layout.display = "" if whole > free else "none"
        self._drawn.layout.display, self._drawn.layout.visibility = "", "visible"

    def _show_proposal(self) -> None:
        assert self._ask_for is not None
        proposal = self._ask_for()
        lines = [w.Label(line) for line in proposal.lines()]
        for line in lines:
            line.add_class("ftw-memory-change")
        buttons = w.HBox([_button("Leave it", lambda: self._put_away())])
        if proposal.changes and self._accept_with is not None and proposal.fits:
            values = {name: new for name, (_, new) in proposal.changes.items()}
            after = f"Change it: {gb(proposal.after.total)} GB"
            buttons.children = (_button(after, lambda: self._take(values), primary=True), *buttons.children)
        self._offer.children = (*lines, buttons)

    def _take(self, values: dict[str, Any]) -> None:
        self._put_away()
        assert self._accept_with is not None
        self._accept_with(values)

    def _put_away(self) -> None:
        self._offer.children = ()


def _piece(kind: str) -> w.Label:
    piece = w.Label("", layout=w.Layout(width="0%"))  # a Box cannot have a tooltip
    piece.add_class(kind)
    return piece


def _wide(piece: w.Label, share: float) -> None:
    piece.layout.width = f"{100 * share:.2f}%"
    piece.layout.display = "" if share > 0 else "none"


def _button(text: str, press: Callable[[], None], primary: bool = False) -> w.Button:
    button = w.Button(description=text, button_style="primary" if primary else "")
    button.on_click(lambda _: press())
    return button


def _style() -> w.HTML:
    return w.HTML(f"<style>{CSS.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none"))

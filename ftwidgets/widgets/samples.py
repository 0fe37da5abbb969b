"""Answers to the probe prompts along a run: before beside after, and any step between."""

from __future__ import annotations

import difflib
import html
import re

import ipywidgets as w

from ftwidgets.runs import Run
from ftwidgets.runs.event_log import Event

# White space and a word. Chinese and Japanese put no space between words: each character is compared.
_WORD = re.compile(r"(\s*)([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)")


class Samples(w.VBox):
    """A table of prompts with the answer before training and the answer at a chosen step, differences marked."""

    def __init__(self, run: Run):
        self._run = run
        self._shown: tuple[int, int] | None = None
        self._follow = True
        self.step = w.SelectionSlider(
            options=[("before", 0)], description="answers at step", tooltip="Which step's answers stand on the right."
        )
        self.step.style.description_width = "initial"
        self._table = w.HTML()
        self._table.add_class("ftw-samples")
        self._setting = False
        super().__init__([self.step, self._table])
        self.step.observe(self._chosen, "value")
        self.add_class("ftw-samples-view")
        self.layout.display = "none"
        self.update()

    def update(self) -> None:
        """Take in what the run has sampled since."""
        events = self._run.events.of("samples")
        if not events or self._shown == (len(events), self.step.value):
            return
        options = [("before" if e["step"] == 0 else str(e["step"]), e["step"]) for e in events]
        if options != list(self.step.options):
            value = events[-1]["step"] if self._follow else self.step.value
            self._setting = True
            self.step.options = options
            self.step.value = value
            self._setting = False
        self.step.layout.display = "" if len(options) > 2 else "none"
        first = events[0]
        chosen = next(e for e in events if e["step"] == self.step.value)
        self._table.value = _table(first, chosen)
        self.layout.display = ""
        self._shown = (len(events), self.step.value)

    def _chosen(self, change: object) -> None:
        if not self._setting:
            events = self._run.events.of("samples")
            self._follow = bool(events) and self.step.value == events[-1]["step"]
            self.update()


def _table(first: Event, chosen: Event) -> str:
    same = first["step"] == chosen["step"]
    when = "" if same else f"after step {chosen['step']}"
    head = f"<tr><th scope=col>prompt</th><th scope=col>before training</th><th scope=col>{when}</th></tr>"
    rows = ""
    for prompt, before, after in zip(first["prompt"], first["completion"], chosen["completion"], strict=False):
        now = "" if same else marked_difference(before, after)
        rows += f"<tr><td>{_cell(prompt)}</td><td>{_cell(before)}</td><td>{now}</td></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def marked_difference(before: str, after: str) -> str:
    """``after`` as escaped HTML, its words that are not in ``before`` in ``<ins>``; white space stays as it is."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    same = difflib.SequenceMatcher(None, [word for _, word in old], [word for _, word in new], autojunk=False)
    parts = []
    for kind, _, _, start, end in same.get_opcodes():
        if start == end:
            continue
        space, first = new[start]
        text = html.escape(first + "".join(gap + word for gap, word in new[start + 1 : end]))
        parts.append(html.escape(space) + (text if kind == "equal" else f"<ins>{text}</ins>"))
    parts.append(after[len(after.rstrip()) :])
    return f'<bdi class="ftw-text">{"".join(parts)}</bdi>'


def _cell(text: str) -> str:
    return f'<bdi class="ftw-text">{html.escape(text)}</bdi>'

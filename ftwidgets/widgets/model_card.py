"""What a model is: its card, with base or instruct and why, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import ipywidgets as w

from ftwidgets.models import ModelCard, Problem
from ftwidgets.models.model_card import short
from ftwidgets.widgets.text import safe

CSS = Path(__file__).with_name("model_card.css")
NOTHING = "Choose a model: its card appears here."
STOPS = "This model cannot be trained"
WHY = "Why it looks like {kind}"
UNCLEAR = "base or instruct: not clear"
ALL = "All that its files say"


class ModelCardView(w.VBox):
    """A model's card as a panel: the key facts on one line, concerns and problems, evidence and details folded."""

    def __init__(self) -> None:
        self._body = w.HTML(safe(NOTHING))
        style = w.HTML(f"<style>{CSS.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none"))
        super().__init__([style, self._body])
        self.add_class("ftw-model-card")

    def show(self, card: ModelCard | None, method: str = "", stops: bool = True) -> None:
        """Show a card, and what to think of when training it with ``method``; what keeps the model from being trained
        only with ``stops``: a form says that beside its field."""
        if card is None:
            self._body.value = safe(NOTHING)
            return
        parts = [f'<div class="ftw-card-name">{safe(_name(card))}</div>']
        if card.blocking and stops:
            parts.append(f'<div class="ftw-card-stops" role="alert"><b>✕ {STOPS}</b>{_problems(card.blocking)}</div>')
        parts.append(
            f'<div class="ftw-card-facts">{"".join(f"<span>{safe(fact)}</span>" for fact in _key_facts(card))}</div>'
        )
        notes = [safe(text) for text in (card.concerns(method) if method else [])]
        notes += [_problem(p) for p in card.problems if p not in card.blocking and not p.missing]
        parts += [f'<p class="ftw-card-note"><span aria-label="Note">ℹ</span> {note}</p>' for note in notes]
        parts.append(_evidence(card))
        rows = "".join(f"<dt>{safe(label)}</dt><dd>{safe(value)}</dd>" for label, value in card.facts())
        parts.append(f"<details><summary>{ALL}</summary><dl>{rows}</dl></details>")
        self._body.value = "".join(parts)


def _name(card: ModelCard) -> str:
    # A folder by its last part; its path stands in the form.
    return card.name if card.name.count("/") <= 1 and not card.name.startswith("/") else card.folder.name


def _key_facts(card: ModelCard) -> list[str]:
    a = card.architecture
    facts = [
        str(card.kind) if card.kind.name != "unknown" else UNCLEAR,
        f"{short(card.parameters)} parameters" if card.parameters else None,
        card.precision,
        f"{a.context:,} tokens of context" if a and a.context else None,
        f"licence {card.licence}" if card.licence else "licence not stated",
        "chat template" if card.chat_template else "no chat template",
    ]
    return [fact for fact in facts if fact]


def _evidence(card: ModelCard) -> str:
    if not card.kind.evidence:
        return ""
    title = WHY.format(kind=card.kind.name) if card.kind.name != "unknown" else UNCLEAR
    rows = "".join(f"<dt>{e.speaks_for}</dt><dd>{safe(e.text)}</dd>" for e in card.kind.evidence)
    return f"<details><summary>{title}</summary><dl>{rows}</dl></details>"


def _problems(problems: Iterable[Problem]) -> str:
    return "".join(f"<p>{_problem(p)}</p>" for p in problems)


def _problem(problem: Problem) -> str:
    return f"{safe(problem.message)} <em>{safe(problem.advice)}</em>"

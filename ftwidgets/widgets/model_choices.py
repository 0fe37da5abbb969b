"""What a model leaves to the person: a chat template where it has none, and continued pre-training of a base model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.models import ModelCard
from ftwidgets.widgets.text import paragraph, safe

TEMPLATES = {
    "plain": "Roles as plain words, which any vocabulary can write",
    "chatml": "<|im_start|> and <|im_end|> around each turn, as many chat models have it",
}
ASK = "It has no chat template. Conversations are written with this one, in training and when you use the adapter:"
OWN = "or the path of a Jinja file in chat_template, under Advanced."
PRETRAIN = "Continued pre-training"
PRETRAIN_HELP = "Teach this base model more text of your own: chooses the method"
PRETRAIN_SAYS = "A base model continues text. Teach it more of it, or teach it to answer (SFT, ORPO)."


class ModelChoices(w.VBox):
    """Buttons under a model's card.

    Args:
        choose: Called with the options that a button stands for.
    """

    def __init__(self, choose: Callable[[dict[str, Any]], None]):
        self._choose = choose
        self._templates = {name: self._button(name, tip, chat_template=name) for name, tip in TEMPLATES.items()}
        self._file = paragraph(OWN, "quiet")
        self._template = w.VBox([paragraph(ASK), _line(*self._templates.values(), self._file)])
        self._pretrain = _line(
            self._button(PRETRAIN, PRETRAIN_HELP, method="pretrain"), paragraph(PRETRAIN_SAYS, "quiet")
        )
        super().__init__([self._template, self._pretrain])
        self.add_class("ftw-choices")
        self.hide()

    def show(self, card: ModelCard, method: str, template: str | None) -> None:
        """Offer what there is to choose for a model that ``method`` trains."""
        asks = card.chat_template is None and method != "pretrain"
        self._template.layout.display = "" if asks else "none"
        for name, button in self._templates.items():
            (button.add_class if (template or "plain") == name else button.remove_class)("ftw-chosen")
        own = template is not None and template not in TEMPLATES
        self._file.value = safe(f"Now: {template}." if own else OWN)
        offered = card.kind.name == "base" and method != "pretrain"
        self._pretrain.layout.display = "" if offered else "none"
        self.layout.display = "" if card.usable and (asks or offered) else "none"

    def hide(self) -> None:
        """No model is known."""
        self.layout.display = "none"

    def _button(self, name: str, tip: str, **options: Any) -> w.Button:
        button = w.Button(description=name, tooltip=tip)
        button.on_click(lambda _: self._choose(options))
        return button


def _line(*parts: w.Widget) -> w.HBox:
    line = w.HBox(parts)
    line.add_class("ftw-methods")
    return line

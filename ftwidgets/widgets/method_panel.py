"""Choosing a method: what each does, needs and costs, and which the chosen rows can train."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from ftwidgets.config import METHODS, OPTIONS, recommended
from ftwidgets.widgets.data_panel import Look
from ftwidgets.widgets.go_to import place
from ftwidgets.widgets.text import paragraph, safe

RISK = (
    "This is an instruct model. Continued pre-training teaches it to continue text, and it can forget how to follow "
    "instructions, answer in turns and refuse (arXiv 2410.10739). The base model it was made from is the better start; "
    "the forgetting curve shows what is lost."
)
AGREE = "I know what is at risk: train it all the same"
UNANSWERED = "Continued pre-training of an instruct model: answer the question under Method, or choose a base model."


class MethodPanel(w.VBox):
    """One button a method, the chosen method explained, and a question where it puts the model at risk.

    Args:
        choose: Called with the method that is picked.
        changed: Called when the question is answered.
    """

    def __init__(self, choose: Callable[[str], None], changed: Callable[[], None]):
        self._buttons = {
            name: w.Button(description=method.title.split(" · ")[0], tooltip=method.title)
            for name, method in METHODS.items()
        }
        for name, button in self._buttons.items():
            button.on_click(lambda _, name=name: choose(name))
        row = w.HBox(list(self._buttons.values()))
        row.add_class("ftw-methods")
        self._why_not = paragraph(kind="why-not")
        self._about = paragraph(kind="about")
        self._agree = w.Checkbox(description=AGREE, indent=False, tooltip=UNANSWERED)
        self._agree.add_class("ftw-agree")
        self._agree.observe(lambda _: changed(), "value")
        self._question = w.VBox([paragraph(f"⚠ {RISK}"), self._agree])
        self._question.add_class("ftw-question")
        self._question.add_class(place("method"))
        super().__init__([row, self._question, self._why_not, self._about])

    def asks(self, method: str, model: str, model_kind: str) -> str:
        """What keeps a run from starting until the person has answered, or an empty string; shows the risk.

        The built-in model is there to try things on: it is told what happens, and not asked.
        """
        risky = method == "pretrain" and model_kind == "instruct"
        asked = risky and model != "demo"
        self._question.layout.display = "" if risky else "none"
        self._agree.layout.display = "" if asked else "none"
        return UNANSWERED if asked and not self._agree.value else ""

    def show(self, chosen: str, look: Look | None, any_data: bool, preset: bool) -> None:
        """Mark the chosen method and disable those that the rows cannot train, saying why and the way out.

        ``preset``: the model has values of its own, so the fields differ from what is recommended.
        """
        unfit: dict[str, list[str]] = {}  # methods by what keeps the rows from training them
        for name, button in self._buttons.items():
            usable, reason, way_out = look.usable[name] if look and not any_data else (True, "", "")
            button.disabled = not usable and name != chosen
            button.tooltip = METHODS[name].title if usable else f"{reason} {way_out}"
            (button.add_class if name == chosen else button.remove_class)("ftw-chosen")
            if not usable:
                unfit.setdefault(f"{reason.removeprefix(f'{name} ')} {way_out}", []).append(button.description)
        count = sum(map(len, unfit.values()))
        reasons = "".join(f"<li><b>{safe(', '.join(names))}</b>: {safe(why)}</li>" for why, names in unfit.items())
        self._why_not.value = (
            f"<details><summary>{count} of {len(METHODS)} methods cannot use these rows: why, and the way out</summary>"
            f"<ul>{reasons}</ul></details>"
            if unfit
            else ""
        )
        method = METHODS[chosen]
        facts = {
            "learns from": method.data,
            "a step costs": method.passes,
            "memory": method.memory,
            "paper": method.paper,
        }
        lines = "".join(f"<dt>{safe(name)}</dt><dd>{safe(text)}</dd>" for name, text in facts.items())
        lines += f"<dt>start from</dt><dd>{_advice(chosen, preset)}</dd>"
        self._about.value = (
            f"<h4>{safe(method.title)}</h4><p>{safe(method.summary)}</p>"
            f'<p class="ftw-formula">{safe(method.formula)}</p><p class="ftw-help">{safe(method.symbols)}</p>'
            f"<dl>{lines}</dl>"
        )


def _advice(method: str, preset: bool) -> str:
    """Recommended values, each with its source."""
    own = (
        "<div>The built-in model is tiny and takes values of its own; these are for real ones.</div>" if preset else ""
    )
    return own + "".join(
        f"<div><code>{safe(name)}</code> <b>{safe(str(value))}</b> {safe(OPTIONS[name].unit)} "
        f"<span>{safe(source)}</span></div>"
        for name, (value, source) in recommended(method).items()
    )

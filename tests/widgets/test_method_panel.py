"""What the method's panel asks before a run may start."""

import re

import pytest

from ftwidgets.config import METHODS
from ftwidgets.widgets.method_panel import MethodPanel


def test_an_instruct_model_is_pre_trained_only_by_who_says_so_and_the_built_in_one_at_once():
    changed = []
    panel = MethodPanel(lambda method: None, lambda: changed.append(True))
    assert "answer the question" in panel.asks("pretrain", "org/a-model-it", "instruct")
    assert panel._question.layout.display == ""
    panel._agree.value = True
    assert changed == [True]
    assert panel.asks("pretrain", "org/a-model-it", "instruct") == ""
    panel._agree.value = False
    assert panel.asks("pretrain", "demo", "instruct") == ""
    assert panel._question.layout.display == "", "what is at risk is told"
    assert panel._agree.layout.display == "none"
    for method, model, kind in (
        ("pretrain", "org/a-model", "base"),
        ("dpo", "org/a-model-it", "instruct"),
    ):
        assert panel.asks(method, model, kind) == ""
        assert panel._question.layout.display == "none"


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_every_sign_of_a_formula_is_explained(method):
    for sign in {"π", "π₀", "σ", "β", "γ", "ρ", "ε", "y⁺", "y⁻", "A", "KL", "odds", "r", "|y"}:
        if re.search(rf"(?<![A-Za-z]){re.escape(sign)}(?![A-Za-z₀])", method.formula):
            assert re.search(rf"(?<![A-Za-z]){re.escape(sign)}(?![A-Za-z₀])", method.symbols), sign

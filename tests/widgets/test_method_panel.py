"""What the method's panel says of each method, and what it asks before a run may start."""

import html
import re

import pytest

from ftwidgets.config import METHODS, recommended
from ftwidgets.widgets.data_panel import look_at
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


def words(widget) -> str:
    """The text a person reads."""
    return html.unescape(re.sub(r"<[^>]*>", "", widget.value))


@pytest.mark.parametrize("name", METHODS)
def test_a_chosen_method_is_explained(name):
    panel = MethodPanel(lambda method: None, lambda: None)
    panel.show(name, None, any_data=False, preset=False)
    method, said = METHODS[name], words(panel._about)
    for text in (method.summary, method.formula, method.data, method.passes, method.memory, method.paper):
        assert text in said
    for option, (value, source) in recommended(name).items():
        assert re.search(rf"{option} {re.escape(str(value))} .*{re.escape(source)}", said), option


ALPACA = {"instruction": "Say it", "input": "", "output": "It."}
PAIR = {"prompt": "Say it", "chosen": "It.", "rejected": "No."}
TEXT = {"text": "The harbour of the town."}


@pytest.mark.parametrize(
    ("row", "usable", "way_out"),
    [
        (ALPACA, {"sft", "ppo"}, {"dpo": "Choose SFT, or PPO", "reward": "Choose SFT, or PPO", "pretrain": "“text”"}),
        (PAIR, {"sft", "dpo", "orpo", "simpo", "ppo", "reward"}, {"pretrain": "Choose SFT"}),
        (TEXT, {"pretrain"}, {"sft": "Choose continued", "simpo": "Choose continued", "ppo": "Choose continued"}),
        ({"prompt": "Say it"}, {"ppo"}, {"sft": "Choose PPO with a reward", "orpo": "Choose PPO with a reward"}),
    ],
)
def test_a_method_that_the_rows_cannot_train_is_disabled_with_the_reason_and_the_way_out(row, usable, way_out):
    panel = MethodPanel(lambda method: None, lambda: None)
    panel.show(next(iter(usable)), look_at([row] * 20, None, "train", None, "sft"), any_data=False, preset=False)
    assert {name for name, button in panel._buttons.items() if not button.disabled} == usable
    said = words(panel._why_not)
    assert f"{len(METHODS) - len(usable)} of {len(METHODS)} methods cannot use these rows" in said
    for name, text in way_out.items():
        assert text in panel._buttons[name].tooltip
        assert text in said
        assert panel._buttons[name].description in said

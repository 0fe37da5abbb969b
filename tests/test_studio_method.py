"""The method in Studio: rows bring the one that they are best for, until the person chooses."""

import json

import pytest

import ftwidgets
from ftwidgets.widgets.model_choices import ModelChoices
from tests.models.conftest import make_model  # noqa: F401
from tests.test_studio_model import part, wait_for

ROWS = {
    "alpaca": {"instruction": "Say hello.", "output": "Hello."},
    "scored": {
        "prompt": "Say hello.",
        "completions": [{"response": "Hello.", "overall_score": 8}, {"response": "No.", "overall_score": 2}],
    },
    "text": {"text": "It was a bright cold day in April, and the clocks were striking thirteen."},
}


@pytest.fixture
def rows(tmp_path):
    def write(kind):
        path = tmp_path / f"{kind}.jsonl"
        path.write_text("".join(json.dumps(ROWS[kind] | {"id": i}) + "\n" for i in range(4)))
        return str(path)

    return write


def method_is(studio, name):
    wait_for(studio._form.fields["method"].control, "value", lambda value: value == name)


def test_each_rows_bring_the_method_they_are_best_for(rows, tmp_path):
    studio = ftwidgets.Studio(output_dir=str(tmp_path))
    for kind, method in (("alpaca", "sft"), ("scored", "dpo"), ("text", "pretrain"), ("alpaca", "sft")):
        studio.fill(dataset=rows(kind))
        method_is(studio, method)
        wait_for(studio._data._method, "value", lambda text: "which these rows can train" in text)
    studio.fill(dataset="demo")  # has rows for all
    method_is(studio, "dpo")


def test_a_method_that_was_chosen_stays(rows, tmp_path, make_model):  # noqa: F811
    pressed = ftwidgets.Studio(output_dir=str(tmp_path))
    pressed._method._buttons["sft"].click()
    base = ftwidgets.Studio(output_dir=str(tmp_path), model=str(make_model("a-base", words=19)))
    choices = part(base, ModelChoices)
    wait_for(choices.layout, "display", lambda shown: shown != "none")
    choices._pretrain.children[0].click()
    for studio, method in ((pressed, "sft"), (base, "pretrain"), (ftwidgets.Studio(method="simpo"), "simpo")):
        studio.fill(dataset=rows("scored"))
        wait_for(studio._data._title, "value", lambda text: "✓" in text and "rows" in text)
        assert studio._form.fields["method"].read() == method and studio._data._method.value == ""

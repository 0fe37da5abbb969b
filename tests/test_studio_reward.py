"""PPO's reward in Studio: a function of the notebook by its name, tried before training; and a question asked."""

import threading

import pytest
from ipywidgets import Label

import ftwidgets
from ftwidgets.demo import courtesy, model_folder
from ftwidgets.training.ppo.reward_function import call_reward
from ftwidgets.widgets.method_panel import AGREE
from ftwidgets.widgets.reward_panel import EXAMPLE, RewardPanel, strip
from ftwidgets.widgets.variables import Functions
from tests.patience import PATIENCE

QUICK = {"max_steps": 1, "response_length": 8, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 1}


def of_notebook(function):
    function.__module__ = "__main__"
    return function


def kind(prompts, completions):
    return courtesy(prompts, completions)


def test_functions_of_two_arguments_are_offered_by_name() -> None:
    space = {
        "kind": of_notebook(lambda prompts, completions, weight=1.0: []),
        "_hidden": of_notebook(lambda prompts, completions: []),
        "three": of_notebook(lambda a, b, c: 0),
        "library": pytest.importorskip("json").dump,
        "number": 3,
    }
    offers = Functions(lambda name: None, lambda: None, lambda: space)
    assert offers.names == ["function kind"]
    assert offers.find("function kind") is space["kind"]
    assert offers.find("some/folder") is None
    with pytest.raises(ftwidgets.FtwidgetsError, match=r"three.*there are: kind"):
        offers.find("function three")


def test_a_reward_is_tried_from_the_form(tmp_path) -> None:
    studio = ftwidgets.Studio(method="ppo", reward=kind, output_dir=str(tmp_path / "runs"), **QUICK)
    panel = next(w for w in walk(studio) if isinstance(w, RewardPanel))
    assert not panel.button.disabled
    ended = threading.Event()
    panel.button.click()
    assert panel.busy
    panel.button.now.subscribe(lambda: ended.set() if not panel.busy else None)
    panel.button.now.wait(PATIENCE) if panel.busy else None
    said = " ".join(w.value for w in walk(panel) if hasattr(w, "value"))
    assert "8 answers in one call of" in said
    assert "<svg" in said and said.count("<circle") == 8
    assert not (tmp_path / "runs").exists()


def test_a_function_that_is_gone_is_a_problem_beside_its_field() -> None:
    studio = ftwidgets.Studio(method="ppo", reward=kind, **QUICK)
    studio.fill(reward="function nobody")
    said = [w.value for w in walk(studio._form.fields["reward"]) if isinstance(w, Label)]
    assert any("nobody" in text for text in said)


def test_scores_are_drawn_where_they_are() -> None:
    drawn = strip([0.0, 1.0, 0.25, 1.0])
    dots = [(part.split('"')[0], part.split('"')[2]) for part in drawn.split('cx="')[1:]]
    assert dots == [("2.00%", "-7"), ("26.00%", "-7"), ("98.00%", "-7"), ("98.00%", "-18")]


def test_pretraining_an_instruct_model_asks_first(tmp_path) -> None:
    studio = ftwidgets.Studio(method="pretrain", model=str(model_folder()), output_dir=str(tmp_path))
    wait_for_card(studio)
    train = next(w for w in walk(studio) if getattr(w, "description", "") == "Train")
    agree = next(w for w in walk(studio) if getattr(w, "description", "") == AGREE)
    assert train.disabled
    agree.value = True
    assert not train.disabled


def wait_for_card(studio):
    """The card is read and told to the form in the background."""
    moment = threading.Event()
    while studio._model._worker._busy:
        moment.wait(0.05)


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def test_the_example_of_a_reward_function_is_one():
    made = {}
    exec(EXAMPLE, made)
    assert call_reward(made["brief"], ["p", "q"], ["a" * 100, "a" * 50], "here") == [-1, -0.5]

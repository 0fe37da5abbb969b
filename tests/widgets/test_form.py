"""The form and the config behind it stay one."""

import html
import re
import threading

import ipywidgets as w
import pytest

from ftwidgets.config import METHODS, OPTIONS, ConfigError, RunConfig, recommended
from ftwidgets.widgets.form import Form
from ftwidgets.widgets.method_panel import MethodPanel
from tests.locks import Told


def form(**keywords):
    return Form(RunConfig(**({"method": "dpo", "model": "m", "dataset": "d"} | keywords)).to_dict(), {})


def test_every_option_has_a_labelled_field_with_help():
    made = form()
    assert set(made.fields) == set(OPTIONS)
    for name, field in made.fields.items():
        assert field.control.description == name
        assert OPTIONS[name].help in field.control.tooltip


@pytest.mark.parametrize("method", METHODS)
def test_the_form_shows_a_config_without_changing_it(method):
    config = RunConfig(
        method=method, model="m", dataset="d", learning_rate=1.25e-7, probe_prompts=["one", "two"],
        mapping={"shape": "text", "text": "正文"}, **({"reward": "r"} if method == "ppo" else {}),
    )  # fmt: skip
    made = form()
    made.fill(config)
    # fill() shows a config of another method too: the method's own field comes first.
    made.fields["method"].show_value(method)
    made.fill(config)
    assert made.config == config


def test_another_method_brings_its_values_and_keeps_the_persons_own():
    made = form()
    made.change(per_device_train_batch_size=7)
    made.change(method="simpo")
    assert made.config == RunConfig(method="simpo", model="m", dataset="d", per_device_train_batch_size=7)
    made.change(method="sft")
    assert made.config.learning_rate == 2e-4
    assert made.config.beta is None
    assert made.fields["beta"].layout.display == "none"


def test_a_problem_is_shown_at_its_field_and_goes_away():
    made = form()
    made.change(learning_rate="fast")
    assert made.config is None
    assert "'fast'" in made.problems["learning_rate"]
    assert "'fast'" in made.fields["learning_rate"]._problem.value
    made.change(learning_rate="1e-5")
    assert made.config.learning_rate == 1e-5
    assert made.fields["learning_rate"]._problem.value == ""


def test_changed_values_are_marked():
    made = form()
    assert "ftw-changed" not in made.fields["r"]._dom_classes
    made.change(r=64)
    assert "ftw-changed" in made.fields["r"]._dom_classes
    made.change(r=16)
    assert "ftw-changed" not in made.fields["r"]._dom_classes


def test_an_empty_optional_field_is_none_and_an_empty_required_one_a_problem():
    made = form(max_steps=5)
    made.change(max_steps="")
    assert made.config.max_steps is None
    made.change(r="")
    assert "r" in made.problems


def test_what_is_typed_while_another_thread_fills_fields_is_in_the_config():
    made = form()
    made._reading = Told(threading.RLock())
    person = threading.Thread(target=made.change, kwargs={"r": 64})
    read = made.fields["learning_rate"].read

    def slow_read():
        if person.ident is None:
            person.start()  # r has been read by now
            while person.is_alive() and not made._reading.awaited.wait(0.01):
                pass
        return read()

    made.fields["learning_rate"].read = slow_read
    made.change(beta=0.3)
    person.join()
    assert (made.config.r, made.config.beta) == (64, 0.3)


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if name not in ("method", "model")])
def test_an_empty_field_says_what_happens_then_or_that_it_may_not_be_empty(name):
    option = OPTIONS[name]
    made = form(method=option.methods[0], **({"reward": "r"} if option.methods[0] == "ppo" else {}))
    control = made.fields[name].control
    if not isinstance(control, w.Text | w.Textarea | w.Combobox):
        return
    control.value = ""
    assert control.placeholder == option.empty
    assert (name in made.problems) == (not option.empty or name == "reward")
    assert name in made.problems or getattr(made.config, name) is None


def test_a_choice_has_no_empty_entry_and_no_other_methods_choice_is_lost():
    made = form(method="sft")
    for name, field in made.fields.items():
        if OPTIONS[name].choices:
            assert field.control.options == OPTIONS[name].choices
    made.change(method="dpo")
    assert made.config == RunConfig(method="dpo", model="m", dataset="d")


def test_a_mapping_that_is_no_mapping_is_refused():
    made = form()
    made.change(mapping={"shape": "text", "text": "body"})
    assert made.config.mapping == {"shape": "text", "text": "body"}
    made.fields["mapping"].control.value = "just words"
    assert "mapping" in made.problems
    with pytest.raises(ConfigError):
        RunConfig(mapping="just words")


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_explained_with_its_values_and_where_they_come_from(method):
    panel = MethodPanel(lambda name: None, lambda: None)
    panel.show(method, None, any_data=False, preset=False)
    told, about = panel._about.value, METHODS[method]
    config = RunConfig(method=method, model="m", dataset="d", **({"reward": "r"} if method == "ppo" else {}))
    assert recommended(method)["learning_rate"] == (config.learning_rate, about.sources["learning_rate"])
    for name, (value, source) in recommended(method).items():
        assert value == getattr(config, name)
        assert f"{name}</bdi></code>" in told
        assert html.escape(source) in told
    assert "values of its own" not in told
    assert len(re.findall(r"[.](?: |$)", about.summary)) == 2  # two sentences


def test_advanced_fields_are_folded_under_a_heading_that_counts_them():
    made = form()
    plain, fold = made.group(["r", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant"]).children
    assert list(plain.children) == [made.fields["r"]]
    assert isinstance(fold.heading, w.ToggleButton) and not fold.unfolded and fold.body.layout.display == "none"
    assert fold.title == "Advanced (2 fields)"
    made.change(bnb_4bit_quant_type="fp4")
    assert fold.title == "Advanced (2 fields, 1 changed)"
    of_ppo = made.group(["lam"]).children[1]
    assert of_ppo.layout.display == "none"
    made.change(method="ppo", reward="r")
    assert of_ppo.layout.display == "" and of_ppo.title == "Advanced (1 field)"

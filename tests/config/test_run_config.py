"""RunConfig: what it takes, what it refuses, and that nothing is lost on the way through text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftwidgets.config import METHODS, OPTIONS, ConfigError, RunConfig, defaults, recommended
from ftwidgets.config.code import command, python_cell, yaml_file


def reward(method: str) -> dict[str, str]:
    return {"reward": "runs/a-reward-model"} if method == "ppo" else {}


def test_flat_keywords_under_the_libraries_own_names():
    config = RunConfig(
        method="dpo",
        model="demo",
        dataset="demo",
        max_steps=100,
        learning_rate=5e-6,
        per_device_train_batch_size=2,
        max_length=512,
        r=16,
        lora_alpha=32,
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        beta=0.1,
        output_dir="runs",
        seed=0,
    )
    assert (config.learning_rate, config.beta, config.max_steps) == (5e-6, 0.1, 100)


@pytest.mark.parametrize("method", METHODS)
def test_round_trips_through_yaml_and_json(method):
    config = RunConfig(
        method=method,
        model="some/model",
        dataset="行.jsonl",
        learning_rate=1.5e-7,
        probe_prompts=["Hi: “there”", "二"],
        mapping={"shape": "text", "text": "正文"},
        **reward(method),
    )
    assert RunConfig.from_yaml(config.to_yaml()) == config
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig(**config.changed()) == config


@given(
    rate=st.floats(1e-12, 1.0, exclude_min=True),
    steps=st.none() | st.integers(1, 10**9),
    name=st.none() | st.text(min_size=1, max_size=30),
)
def test_any_value_survives_text(rate, steps, name):
    config = RunConfig(method="sft", learning_rate=rate, max_steps=steps, run_name=name)
    assert RunConfig.from_yaml(config.to_yaml()) == config
    assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("keywords", "field", "words"),
    [
        ({"learning_rat": 1}, "learning_rat", "Did you mean learning_rate?"),
        ({"learning_rate": 0}, "learning_rate", "above 0"),
        ({"learning_rate": "fast"}, "learning_rate", "'fast'"),
        ({"r": 0}, "r", "at least 1"),
        ({"optim": "sgd"}, "optim", "adamw_torch"),
        ({"method": "kto"}, "method", "one of sft, dpo"),
        ({"method": "sft", "beta": 0.2}, "beta", "not used by sft"),
        ({"method": "ppo"}, "reward", "PPO needs one"),
        ({"model": " "}, "model", "empty"),
        ({"dataset": ""}, "dataset", "empty"),
        ({"test_size": 0.9}, "test_size", "at most 0.5"),
    ],
)
def test_what_cannot_be_is_refused_by_name_value_and_range(keywords, field, words):
    with pytest.raises(ConfigError) as caught:
        RunConfig(**keywords)
    assert field in caught.value.problems
    assert words in caught.value.problems[field]


def test_every_problem_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        RunConfig(r=0, learning_rate=-1, method="dpo")
    assert set(caught.value.problems) == {"r", "learning_rate"}


@pytest.mark.parametrize("text", ["- a\n- b\n", "{", "method: [\n", "5\n"])
def test_text_that_is_no_config(text):
    with pytest.raises(ConfigError):
        RunConfig.from_yaml(text)
    with pytest.raises(ConfigError):
        RunConfig.from_json(text)


def test_a_config_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().r = 3


def test_replace_takes_the_new_methods_values():
    dpo = RunConfig(method="dpo", model="m", dataset="d", r=4)
    simpo = dpo.replace(method="simpo")
    assert (simpo.r, simpo.beta, simpo.simpo_gamma, simpo.loss_type) == (4, 2.0, 1.0, None)


@pytest.mark.parametrize("method", METHODS)
def test_defaults_are_valid_and_only_those_of_the_method(method):
    config = RunConfig(method=method, model="m", dataset="d", **reward(method))
    for name, option in OPTIONS.items():
        if method not in option.methods:
            assert getattr(config, name) is None
    assert config.to_dict() == {k: v for k, v in (defaults(method) | config.changed()).items() if k in config.to_dict()}


def test_every_option_says_what_a_form_needs():
    for option in OPTIONS.values():
        assert option.help.endswith((".", ")")), option.name
        assert option.source and option.allowed()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_a_form_needs(name):
    """Two sentences, a formula, its data, its cost, its paper; recommended values, each with a source."""
    method = METHODS[name]
    assert len(re.findall(r"[.!?](?= [A-Z]|$)", method.summary)) == 2, method.summary
    assert "=" in method.formula
    assert method.data in {"chat", "pairs", "prompts", "text"}
    assert "SFT" in method.memory or "base" in method.memory
    assert "pass" in method.passes
    assert re.search(r"\d{4}", method.paper)
    values = recommended(name)
    assert "learning_rate" in values
    assert all(source for _, source in values.values())


def test_code_views_start_the_same_run(monkeypatch):
    config = RunConfig(method="simpo", model="m", dataset="it's.jsonl", simpo_gamma=0.7, probe_prompts=["a b"])
    started = []
    import ftwidgets

    class Started:
        def curves(self):
            return None

    monkeypatch.setattr(ftwidgets, "train", lambda **k: started.append(RunConfig(**k)) or Started(), raising=False)
    exec(python_cell(config), {})
    assert started == [config]
    assert RunConfig.from_yaml(yaml_file(config)) == config


def test_the_command_line_starts_the_same_run(monkeypatch):
    import shlex

    from ftwidgets import cli, starting, terminal

    config = RunConfig(method="simpo", model="m", dataset="it's.jsonl", simpo_gamma=0.7, probe_prompts=["a b", "true"])
    started = []
    monkeypatch.setattr(starting, "train", lambda given, **options: started.append(RunConfig(**options)))
    monkeypatch.setattr(terminal, "follow", lambda run: 0)
    assert cli.main(shlex.split(command(config).replace("\\\n", " "))[1:]) == 0
    assert started == [config]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("beta", None, "beta=None: use a number above 0 and at most 100."),
        ("loss_type", None, "loss_type=None: use one of sigmoid"),
        ("target_modules", " ", "target_modules: empty. Layers that get an adapter"),
        ("output_dir", "", "output_dir: empty. Folder in which"),
    ],
)
def test_what_a_method_needs_may_not_be_empty(option, value, said):
    with pytest.raises(ConfigError) as raised:
        RunConfig(method="dpo", model="m", dataset="d", **{option: value})
    assert raised.value.problems[option].startswith(said)


def test_what_may_be_empty_and_what_another_method_uses_may_be_none():
    assert RunConfig(method="dpo", model="m", dataset="d", max_eval_samples=None).max_eval_samples is None
    assert RunConfig(method="sft", model="m", dataset="d", beta=None).beta is None

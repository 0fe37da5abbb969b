"""RunConfig: one validated, frozen, serialisable description of a run."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ConfigDict, ValidationError, model_validator

from ftwidgets.config.data_options import DataOptions
from ftwidgets.config.method_options import MethodOptions
from ftwidgets.config.methods import METHODS
from ftwidgets.config.model_options import LoraOptions, ModelOptions
from ftwidgets.config.option import METHOD_NAMES, Option
from ftwidgets.config.ppo_options import PPOOptions
from ftwidgets.config.reporting import unknown
from ftwidgets.config.training_options import OutputOptions, TrainingOptions
from ftwidgets.errors import FtwidgetsError


class ConfigError(FtwidgetsError):
    """Options that cannot be: ``problems`` maps each field's name to what is wrong with it."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__("\n".join(problems.values()))


class IncompleteError(ConfigError):
    """Options that are all possible, but some must still be chosen: ``values`` has what ``to_dict`` would give."""

    def __init__(self, problems: dict[str, str], values: dict[str, Any]):
        self.values = values
        super().__init__(problems)


class RunConfig(OutputOptions, TrainingOptions, PPOOptions, MethodOptions, DataOptions, LoraOptions, ModelOptions):
    """What to train, on what, how. Built from flat keywords under the libraries' own names.

    A keyword that is not given takes the method's recommended value (``METHODS``), with the built-in model the
    value of its preset. An option that the method does not use is ``None``.

    Raises:
        ConfigError: An unknown keyword, a value outside its range, or options that do not go together. The
            message names the field, the value and what is allowed. ``IncompleteError`` where all that is wrong is
            that something is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def __init__(self, **keywords: Any):
        problems = _unknown(keywords)
        method = keywords.get("method", OPTIONS["method"].default)
        if method not in METHOD_NAMES:
            problems["method"] = f"method={method!r}: use {OPTIONS['method'].allowed()}."
        if problems:
            raise ConfigError(problems)
        if isinstance(keywords.get("report_to"), str):
            keywords["report_to"] = [keywords["report_to"]]  # transformers takes one name, too
        problems = _unused(keywords, method)
        values = defaults(method, keywords.get("model", "demo")) | {
            name: value for name, value in keywords.items() if method in OPTIONS[name].methods
        }
        problems |= _left_empty(values, method)
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems |= _explain(error)
        if problems:
            raise ConfigError(problems) from None
        if missing := self._missing():
            raise IncompleteError(missing, self.to_dict())

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.adapter and self.model == self.adapter:
            raise ValueError("adapter: give the base in model and the adapter's folder in adapter.")
        if wrong := unknown(self.report_to):
            raise ValueError(wrong)
        return self

    def _missing(self) -> dict[str, str]:
        missing = {}
        if not self.model.strip():
            missing["model"] = "model: empty. Give a folder, a Hugging Face id, or “demo”."
        if not self.dataset.strip():
            missing["dataset"] = "dataset: empty. Give a file, a folder, a Hugging Face id, or “demo”."
        if self.method == "ppo" and not (self.reward or "").strip():
            missing["reward"] = "reward: PPO needs one: a function, a reward model's folder, or a run of “reward”."
        return missing

    def to_dict(self) -> dict[str, Any]:
        """All options that the method uses, as plain values; ``RunConfig(**config.to_dict()) == config``."""
        return {name: value for name, value in self.model_dump().items() if self.method in OPTIONS[name].methods}

    def changed(self) -> dict[str, Any]:
        """The options that differ from what this method and model take by themselves, with ``method`` first."""
        usual = defaults(self.method, self.model)
        return {"method": self.method, "model": self.model, "dataset": self.dataset} | {
            name: value for name, value in self.to_dict().items() if value != usual[name]
        }

    def replace(self, **keywords: Any) -> RunConfig:
        """A copy with some options changed. Options of another method are dropped when ``method`` changes."""
        method = keywords.get("method", self.method)
        kept = {k: v for k, v in self.changed().items() if k in OPTIONS and method in OPTIONS[k].methods}
        return RunConfig(**(kept | keywords))

    def to_yaml(self) -> str:
        """The whole config as YAML."""
        return as_yaml(self.to_dict())

    def to_json(self) -> str:
        """The whole config as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunConfig:
        """The config that ``to_dict`` described. Raises ``ConfigError``."""
        if not isinstance(values, dict):
            raise ConfigError({"": f"A run is described by names and values, not by {type(values).__name__}."})
        return cls(**{str(k): v for k, v in values.items()})

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """The config in a JSON text. Raises ``ConfigError``."""
        try:
            return cls.from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise ConfigError({"": f"Not JSON: {error}."}) from None

    @classmethod
    def from_yaml(cls, source: str | Path) -> RunConfig:
        """The config in a YAML text or file. Raises ``ConfigError``."""
        text = source
        if isinstance(source, Path) or ("\n" not in str(source) and str(source).endswith((".yaml", ".yml"))):
            path = Path(source).expanduser()
            if not path.is_file():
                raise ConfigError({"": f"No file {path}. Give the path of a run's YAML."})
            text = path.read_text(encoding="utf-8")
        try:
            return cls.from_dict(yaml.safe_load(str(text)))
        except yaml.YAMLError as error:
            raise ConfigError({"": f"Not YAML: {error}"}) from None


OPTIONS: dict[str, Option] = {name: Option(name, info) for name, info in RunConfig.model_fields.items()}


def defaults(method: str, model: str = "") -> dict[str, Any]:
    """What a config of this method takes where nothing is said; the built-in model brings its preset."""
    usual: dict[str, Any] = {
        name: option.default if method in option.methods else None for name, option in OPTIONS.items()
    }
    usual |= METHODS[method].defaults | {"method": method}
    if model == "demo":
        from ftwidgets.demo.presets import PRESETS

        usual |= PRESETS[method]
    return usual


def recommended(method: str) -> dict[str, tuple[Any, str]]:
    """The values to start a method from, each with where it comes from; presets of the built-in model left out."""
    about, usual = METHODS[method], defaults(method)
    own = [n for n, o in OPTIONS.items() if o.group == "method" and method in o.methods and not o.advanced]
    names = [name for name in dict.fromkeys([*own, *about.defaults]) if name != "method" and usual[name] is not None]
    return {name: (usual[name], about.sources.get(name, OPTIONS[name].source)) for name in names}


def as_yaml(values: dict[str, Any]) -> str:
    """``values`` as YAML for a person to read, or with every odd character escaped where YAML would alter it."""
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text if yaml.safe_load(text) == values else yaml.safe_dump(values, sort_keys=False)


def _unknown(keywords: dict[str, Any]) -> dict[str, str]:
    problems = {}
    for name in keywords:
        if name not in OPTIONS:
            near = difflib.get_close_matches(name, OPTIONS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(OPTIONS)}."
            problems[name] = f"{name}={keywords[name]!r}: there is no such option. {hint}"
    return problems


def _unused(keywords: dict[str, Any], method: str) -> dict[str, str]:
    return {
        name: f"{name}={value!r}: not used by {method}, only by {', '.join(OPTIONS[name].methods)}. Leave it out."
        for name, value in keywords.items()
        if value is not None and method not in OPTIONS[name].methods
    }


def _left_empty(values: dict[str, Any], method: str) -> dict[str, str]:
    problems = {}
    for name, value in values.items():
        option = OPTIONS[name]
        if option.empty or method not in option.methods or name in ("model", "dataset"):  # those may still be chosen
            continue
        if value is None:
            problems[name] = f"{name}=None: use {option.allowed()}."
        elif option.type is str and not str(value).strip():
            problems[name] = f"{name}: empty. {option.help}"
    return problems


def _explain(error: ValidationError) -> dict[str, str]:
    problems: dict[str, str] = {}
    for fault in error.errors():
        if fault["loc"]:
            name = str(fault["loc"][0])
            problems.setdefault(name, f"{name}={fault['input']!r}: use {OPTIONS[name].allowed()}.")
        else:
            text = str(fault["msg"]).removeprefix("Value error, ")
            problems.setdefault(text.partition(":")[0], text)
    return problems

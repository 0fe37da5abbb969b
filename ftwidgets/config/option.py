"""How one option of a run is declared: its value's range, and what a form and an error need to say about it."""

from collections.abc import Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo

METHOD_NAMES = ("sft", "dpo", "orpo", "simpo", "ppo", "reward", "pretrain")
PAIRWISE = ("dpo", "orpo", "simpo")
GROUPS = ("model", "data", "method", "training", "output")


def option(
    default: Any,
    help: str,
    source: str,
    *,
    group: str,
    methods: Sequence[str] = METHOD_NAMES,
    advanced: bool = False,
    unit: str = "",
    step: float | None = None,
    empty: str = "",
    **limits: Any,
) -> Any:
    """Declare one option.

    Args:
        default: Its value when neither the person, the method nor the built-in model's preset says otherwise.
        help: One or two sentences for a tooltip.
        source: Where the default comes from (a library's default, a paper, a measurement).
        group: The panel it belongs to, one of ``GROUPS``.
        methods: The methods that use it; for any other method its value is ``None``.
        advanced: Folded away until asked for.
        unit: Shown beside a number.
        step: What one press of an arrow key changes.
        empty: What happens where it is left empty (``None``), for the form's field. An option without it may only be
            ``None`` for methods that do not use it.
        limits: pydantic's ``gt``, ``ge``, ``lt``, ``le``.
    """
    extra: dict[str, Any] = {
        "source": source,
        "group": group,
        "methods": tuple(methods),
        "advanced": advanced,
        "unit": unit,
        "step": step,
        "empty": empty,
    }
    return Field(default=default, description=help, json_schema_extra=extra, **limits)


class Option:
    """What is known about one option, read back from its declaration."""

    def __init__(self, name: str, info: FieldInfo):
        extra: Any = info.json_schema_extra
        self.name = name
        self.help: str = info.description or ""
        self.default = info.default
        self.source: str = extra["source"]
        self.group: str = extra["group"]
        self.methods: tuple[str, ...] = extra["methods"]
        self.advanced: bool = extra["advanced"]
        self.unit: str = extra["unit"]
        self.step: float | None = extra["step"]
        self.empty: str = extra["empty"]
        kind: Any = info.annotation
        if get_origin(kind) is UnionType or get_origin(kind) is Union:
            kind = next(a for a in get_args(kind) if a is not type(None))
        self.choices: tuple[str, ...] = get_args(kind) if get_origin(kind) is Literal else ()
        self.type: type = str if self.choices else (get_origin(kind) or kind)
        limits = {key: getattr(m, key) for m in info.metadata for key in ("gt", "ge", "lt", "le") if hasattr(m, key)}
        self.limits: dict[str, float] = limits

    def allowed(self) -> str:
        """The values it takes, in words, for an error or a tooltip."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
        kind = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(self.type, "a list")
        if self.type is dict:
            kind = "a mapping"
        bounds = " and ".join(f"{words[k]} {v:g}" for k, v in self.limits.items())
        return f"{kind} {bounds}".strip()

"""LoRA adapter folders: what they were trained on, and whether they fit a model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ftwidgets.errors import FtwidgetsError
from ftwidgets.models.problems import Problem
from ftwidgets.models.tokenizer_files import read_json
from ftwidgets.models.weight_files import Weights, WeightsError, read_header

BUILT_IN = "demo-2m-instruct"  # the folder of the built-in model, wherever ftwidgets is installed


class AdapterError(FtwidgetsError):
    """A folder that is not a usable adapter."""


@dataclass(frozen=True)
class Adapter:
    """An adapter as its folder describes it."""

    folder: Path
    kind: str  # PEFT's name: LORA, ...
    base: str | None  # the model it was trained on: a hub id, a folder or “demo”
    r: int | None
    lora_alpha: float | None
    target_modules: tuple[str, ...]
    every_layer: bool = True  # whether it changes the layers of these names wherever they are

    @property
    def settles(self) -> dict[str, int]:
        """Its rank and scale, by option: training that goes on from it cannot change them."""
        own = {"r": self.r, "lora_alpha": self.lora_alpha}
        return {name: int(value) for name, value in own.items() if value and value == int(value)}


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a PEFT adapter."""
    return (folder / "adapter_config.json").is_file()


def read_adapter(folder: str | Path) -> Adapter:
    """Read an adapter's settings.

    Raises:
        AdapterError: There is no readable adapter_config.json, or no weights beside it.
    """
    folder = Path(folder).expanduser()
    settings = read_json(folder / "adapter_config.json")
    if settings is None:
        raise AdapterError(f"{folder}: no readable adapter_config.json. Give the folder that save_pretrained wrote.")
    if not any((folder / f"adapter_model.{end}").is_file() for end in ("safetensors", "bin")):
        raise AdapterError(f"{folder}: the adapter's weights (adapter_model.safetensors) are missing.")
    modules = settings.get("target_modules") or ()
    names = (modules,) if isinstance(modules, str) else tuple(sorted(map(str, modules)))
    base = settings.get("base_model_name_or_path")
    if base and Path(base).name == BUILT_IN:  # as a folder it would not get the built-in model's own values
        base = "demo"
    some = isinstance(modules, str) or any("." in name for name in names)
    some = some or bool(settings.get("layers_to_transform") or settings.get("exclude_modules"))
    kind, alpha = str(settings.get("peft_type", "")), settings.get("lora_alpha")
    return Adapter(folder, kind, str(base) if base else None, settings.get("r"), alpha, names, not some)


def resolve_base(folder: str | Path) -> str:
    """The model that an adapter was trained on, as ``RunConfig.model`` takes it.

    A base that was a folder is looked for where it was, then beside the adapter.

    Raises:
        AdapterError: The adapter does not say, or its base folder is gone.
    """
    adapter = read_adapter(folder)
    if adapter.base is None:
        raise AdapterError(f"{adapter.folder}: the adapter does not name its base. Give the base in model.")
    if adapter.base == "demo":
        return "demo"
    base = Path(adapter.base).expanduser()
    if base.is_dir():
        return str(base)
    if base.is_absolute() or adapter.base.startswith(".") or adapter.base.count("/") > 1:  # a folder, not a hub id
        beside = adapter.folder.parent / base.name
        if (beside / "config.json").is_file():
            return str(beside)
        raise AdapterError(f"{adapter.folder}: its base was {adapter.base}, which is gone. Give the base in model.")
    return adapter.base


def adapter_problems(adapter: Adapter, base: Weights | None) -> list[Problem]:
    """Why an adapter cannot go on a base model: the layers it changes are missing there, of another size or number.

    Args:
        adapter: The adapter.
        base: The base model's weights; None leaves the check to loading.
    """
    if adapter.kind and adapter.kind != "LORA":
        return [Problem(f"It is a {adapter.kind} adapter.", "Only LoRA adapters can be trained on.")]
    file = adapter.folder / "adapter_model.safetensors"
    if not file.is_file():
        return [Problem("Its weights are pickled (adapter_model.bin).", "Save the adapter again as safetensors.")]
    try:
        tensors = read_header(file)
    except WeightsError as error:
        return [Problem(str(error), "Copy the adapter's folder again.")]
    if base is None:
        return []
    changed: Counter[str] = Counter()
    stored = {tensor.name.removesuffix(".weight"): tensor for tensor in base.tensors}
    for tensor in tensors:
        place, _, rest = tensor.name.partition(".lora_A.")
        if not rest:
            continue
        layer = place.removeprefix("base_model.model.")
        under = stored.get(layer) or stored.get(f"model.{layer}") or stored.get(layer.removeprefix("model."))
        if under is None:
            return [_other_base(adapter, f"it changes {layer}, which this model does not have")]
        packed = "I" in under.dtype or "U" in under.dtype  # weights already in 4 or 8 bits have another shape
        if not packed and tensor.shape[-1] not in under.shape:
            return [_other_base(adapter, f"{layer} is {tensor.shape[-1]} wide there and {under.shape[-1]} here")]
        changed[layer.rpartition(".")[2]] += 1
    there: Counter[str] = Counter()
    for linear in base.linears():
        there[linear.name] += linear.copies
    for name, count in changed.items():
        if adapter.every_layer and there[name] not in (0, count):
            return [_other_base(adapter, f"layers named {name} are {count} there and {there[name]} here")]
    return []


def _other_base(adapter: Adapter, how: str) -> Problem:
    return Problem(
        f"This adapter belongs to another base model: {how}.",
        f"Train it on {adapter.base}." if adapter.base else "Give the base model it was trained on.",
    )

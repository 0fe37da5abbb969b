"""What a model's weight files hold, from their headers alone."""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from ftwidgets.errors import FtwidgetsError
from ftwidgets.models.architecture import Linear

BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
PRECISIONS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8"}
_HEADER_LIMIT = 100_000_000  # bytes; the format's own limit
_NOT_LORA = ("embed", "wte", "wpe", "lm_head", "norm", "vision", "visual", "audio", "multi_modal", "router", "experts")


class WeightsError(FtwidgetsError):
    """A weight file that cannot be read; ``missing`` where it is not there."""

    missing = False


@dataclass(frozen=True)
class Tensor:
    name: str
    dtype: str  # safetensors' name: F32, BF16, ...
    shape: tuple[int, ...]
    size: int  # bytes


@dataclass(frozen=True)
class Weights:
    """The tensors of a model folder's safetensors files."""

    files: tuple[Path, ...]
    tensors: tuple[Tensor, ...] = field(repr=False)

    @property
    def parameters(self) -> int:
        return sum(prod(tensor.shape) for tensor in self.tensors)

    @property
    def bytes(self) -> int:
        return sum(tensor.size for tensor in self.tensors)

    @property
    def precision(self) -> str:
        """The format that most elements are stored in."""
        held: Counter[str] = Counter()
        for tensor in self.tensors:
            held[tensor.dtype] += prod(tensor.shape)
        name = held.most_common(1)[0][0] if held else ""
        return PRECISIONS.get(name, name.lower())

    def shape(self, *endings: str) -> tuple[int, ...] | None:
        """The shape of the first tensor whose name ends so."""
        return next((t.shape for t in self.tensors if t.name.endswith(endings)), None)

    def linears(self) -> tuple[Linear, ...]:
        """The decoder's linear layers, counted by their last name: what "all-linear" gives an adapter."""
        counted: Counter[tuple[str, int, int]] = Counter()
        for tensor in self.tensors:
            if len(tensor.shape) != 2 or not tensor.name.endswith(".weight"):
                continue
            if any(part in tensor.name.lower() for part in _NOT_LORA) or not re.search(r"\.\d+\.", tensor.name):
                continue
            outputs, inputs = tensor.shape
            counted[(tensor.name.removesuffix(".weight").rsplit(".", 1)[-1], inputs, outputs)] += 1
        return tuple(Linear(name, i, o, count) for (name, i, o), count in counted.items())


def read_header(file: Path) -> tuple[Tensor, ...]:
    """The tensors of one safetensors file, without its data.

    Raises:
        WeightsError: The file is cut off or is not safetensors.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 2 <= length <= _HEADER_LIMIT:
            raise WeightsError(f"{file}: not a safetensors file ({size:,} bytes). Download it again.")
        text = stream.read(length)
    if len(text) < length:
        raise WeightsError(f"{file}: cut off within its header, at {size:,} bytes. Download it again.")
    try:
        entries = {name: e for name, e in json.loads(text).items() if name != "__metadata__"}
        spans = {name: e["data_offsets"] for name, e in entries.items()}
        tensors = tuple(
            Tensor(name, e["dtype"], tuple(e["shape"]), spans[name][1] - spans[name][0]) for name, e in entries.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{file}: its header is not readable ({error}). Download it again.") from None
    needed = 8 + length + max((end for _, end in spans.values()), default=0)
    if size < needed:
        raise WeightsError(f"{file}: cut off: {size:,} bytes where its header speaks of {needed:,}. Download it again.")
    return tensors


def read_weights(folder: Path) -> Weights | None:
    """The safetensors of a model folder, or None where there are none.

    Raises:
        WeightsError: A file is cut off or broken, or a shard named by the index is missing.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise WeightsError(f"{index}: not readable ({error!r}). Download it again.") from None
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            absent = WeightsError(
                f"{folder}: {len(missing)} of {len(names)} weight files are missing, first {missing[0]}. "
                "The download did not finish: download the model again."
            )
            absent.missing = True
            raise absent
        files = [folder / name for name in names]
    elif (folder / "model.safetensors").is_file():
        files = [folder / "model.safetensors"]
    else:
        files = sorted(f for f in folder.glob("*.safetensors") if not f.name.startswith("adapter_"))
    if not files:
        return None
    return Weights(tuple(files), tuple(tensor for file in files for tensor in read_header(file)))

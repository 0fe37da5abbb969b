"""4-bit weights as plain ones for as long as answers are sampled.

A 4-bit layer is dequantized at every forward pass. That is little beside a pass over whole rows, but sampling makes a
pass for every token, and there, on a CPU, it takes as long as the products themselves; LoRA's own bookkeeping takes as
long again. The same products in the same order, so the same bits come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import torch.nn.functional as F
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

SHARE_OF_FREE_MEMORY = 0.25


@contextmanager
def plain_weights(model: nn.Module) -> Iterator[None]:
    """Keep a dequantized copy of the 4-bit layers under LoRA inside the context, where memory is plentiful.

    Only on a CPU: on CUDA the copy would take the memory that 4 bits were chosen to save. Inside, adapters must not be
    switched, and nothing may be trained.
    """
    layers = [m for m in model.modules() if isinstance(m, LoraLayer) and isinstance(m.get_base_layer(), Linear4bit)]
    if not layers or not _fits(layers):
        yield
        return
    try:
        for layer in layers:
            layer.forward = _forward(layer)
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def _fits(layers: list[Any]) -> bool:
    first = layers[0].get_base_layer().weight
    if first.device.type != "cpu":
        return False
    needed = sum(2 * layer.in_features * layer.out_features for layer in layers)
    return needed < SHARE_OF_FREE_MEMORY * psutil.virtual_memory().available


def _forward(layer: Any) -> Callable[[Tensor], Tensor]:
    base = layer.get_base_layer()
    weight = dequantize_4bit(base.weight.data, base.weight.quant_state).to(base.compute_dtype)
    bias = None if base.bias is None else base.bias.to(base.compute_dtype)
    parts = [
        (layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name])
        for name in layer.active_adapters
        if name in layer.lora_A
    ]

    def forward(x: Tensor) -> Tensor:
        result = F.linear(x.to(weight.dtype), weight, bias).to(x.dtype)
        for down, up, scaling in parts:
            result = result + (F.linear(F.linear(x.to(down.dtype), down), up) * scaling).to(result.dtype)
        return result

    return forward

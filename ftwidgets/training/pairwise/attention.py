"""Attention over a shared row: each segment for itself, the rejected one reading its prompt from the chosen one.

Nothing is computed between tokens that may not see each other, and no mask over the whole row exists. The window of a
sliding-window layer is counted in positions, so that a shared row sees what two rows would see.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from ftwidgets.training.pairwise.layout import SharedRow

PREFIX = "ftwidgets_"
KINDS = ("sdpa", "eager")
NOT_SHARED = ("s_aux", "position_bias", "cache")  # what some models add to attention, and ``attend`` does not know


def attend(
    row: SharedRow,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scaling: float,
    window: int | None = None,
    softcap: float | None = None,
) -> Tensor:
    """``query`` (1, heads, tokens, d), ``key`` and ``value`` (1, key heads, tokens, d) -> (1, tokens, heads, d)."""
    lengths = [s.length for s in row.segments]
    queries, keys, values = (x.split(lengths, dim=2) for x in (query, key, value))
    outputs = []
    for i, segment in enumerate(row.segments):
        k, v = keys[i], values[i]
        if segment.shared:
            k = torch.cat((keys[i - 1][:, :, : segment.shared], k), dim=2)
            v = torch.cat((values[i - 1][:, :, : segment.shared], v), dim=2)
        mask = row.mask(segment, window, query.device)
        outputs.append(_segment(queries[i], k, v, mask, scaling, softcap))
    return torch.cat(outputs, dim=2).transpose(1, 2)


def _segment(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scaling: float, softcap: float | None) -> Tensor:
    if softcap is None:
        groups = q.shape[1] // k.shape[1]
        # Off the CPU, masked attention with grouped keys would fall back to plain matrix products.
        grouped = groups > 1 and (mask is None or q.device.type == "cpu")
        if groups > 1 and not grouped:
            k, v = (x.repeat_interleave(groups, dim=1) for x in (k, v))
        return F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=grouped
        )
    return _with_softcap(q, k, v, mask, scaling, softcap)


def _with_softcap(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scaling: float, softcap: float) -> Tensor:
    """Attention whose scores are squashed (Gemma 2), which the fused kernels do not know."""
    groups = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(groups, dim=1) for x in (k, v))
    scores = torch.tanh(q @ k.transpose(2, 3) * scaling / softcap) * softcap
    if mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1, dtype=torch.float32)
    return weights.to(q.dtype) @ v


def _forward(kind: str) -> Any:
    def forward(
        module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        scaling: float | None = None,
        shared_row: SharedRow | None = None,
        **more: Any,
    ) -> tuple[Tensor, None]:
        if shared_row is None:
            usual = sdpa_attention_forward
            if kind == "eager":
                usual = sys.modules[type(module).__module__].eager_attention_forward
            keywords = {} if scaling is None else {"scaling": scaling}
            return usual(module, query, key, value, attention_mask, **keywords, **more)
        unknown = [name for name in NOT_SHARED if more.get(name) is not None]
        if unknown:
            raise NotImplementedError(f"Attention with {', '.join(unknown)} over a shared row.")
        output = attend(
            shared_row,
            query,
            key,
            value,
            scaling=query.shape[-1] ** -0.5 if scaling is None else scaling,
            window=more.get("sliding_window"),
            softcap=more.get("softcap"),
        )
        return output.contiguous(), None

    return forward


for _kind, _mask in zip(KINDS, (sdpa_mask, eager_mask), strict=True):
    AttentionInterface.register(PREFIX + _kind, _forward(_kind))
    AttentionMaskInterface.register(PREFIX + _kind, _mask)


def no_mask(device: torch.device) -> Tensor:
    """What to give a model as ``attention_mask`` of a shared row.

    Its four dimensions make transformers pass it on as it is, and ``attend`` does not look at it.
    """
    return torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device)

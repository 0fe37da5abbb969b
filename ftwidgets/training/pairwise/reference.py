"""The reference's log-probabilities of a dataset, computed once and kept in the run's folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import torch
from datasets import Dataset
from torch import Tensor, nn

from ftwidgets.training.pairwise.rows import TOKENS

PHASE = "reference log-probabilities"


def model_key(model: nn.Module, adapters: bool = False) -> str:
    """A digest of a model's weights, those of LoRA adapters only where asked for.

    The sum of a tensor's bytes, taken where the tensor is, stands for its content: no weight is moved or decoded.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if not isinstance(tensor, Tensor) or ("lora_" in name and not adapters):
            continue
        flat = tensor.detach().contiguous().view(-1).view(torch.uint8)
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype} {int(flat.sum(dtype=torch.int64))}\n".encode())
    return digest.hexdigest()


def digest(model: str, rows: Dataset, max_length: int | None) -> str:
    """A key of a model and of the tokens it is shown."""
    key = hashlib.sha256(f"{model} {max_length}".encode())
    for table in rows.with_format("arrow").iter(batch_size=1000):
        for name in TOKENS:
            column = table[name]
            key.update(pc.list_value_length(column).to_numpy().tobytes())
            key.update(pc.list_flatten(column).to_numpy().tobytes())
    return key.hexdigest()


def precompute(
    dataset: Dataset,
    tokens: np.ndarray,
    key: str,
    folder: Path,
    batch_size: int,
    score: Callable[[list[dict[str, Any]]], tuple[Tensor, Tensor]],
    progress: Callable[..., None],
) -> Dataset:
    """``dataset`` with ``ref_chosen_logps`` and ``ref_rejected_logps``, from ``folder`` where it holds them.

    Long pairs come first, so that memory runs out at once or not at all. What was computed is kept even when the work
    is stopped in between; the next call with the same key goes on from there.

    Args:
        tokens: Length of each row of ``dataset``, (rows,).
        key: Tells apart models and data; part of the file's name.
        score: Log-probabilities of both completions of some rows, (rows,) each.
        progress: ``Context.progress``; may raise to stop.
    """
    file = folder / f"reference-{key[:16]}.npy"
    found = np.full((2, len(tokens)), np.nan, dtype=np.float32)
    if file.exists():
        found = np.load(file)
    missing = [int(i) for i in np.argsort(-tokens, kind="stable") if np.isnan(found[:, i]).any()]
    computed: list[tuple[list[int], Tensor]] = []
    try:
        for start in range(0, len(missing), batch_size):
            progress(PHASE, len(tokens) - len(missing) + start, len(tokens))
            rows = missing[start : start + batch_size]
            computed.append((rows, torch.stack(score([dataset[i] for i in rows]))))
    finally:
        for rows, values in computed:
            found[:, rows] = values.float().cpu().numpy()
        if computed:
            folder.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part.npy")
            np.save(part, found)
            part.replace(file)
    progress(PHASE, len(tokens), len(tokens))
    chosen, rejected = found.tolist()
    return dataset.add_column("ref_chosen_logps", chosen).add_column("ref_rejected_logps", rejected)

"""How a model reads preference pairs: log-probabilities of both answers, and of each of their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ftwidgets.data.preflight import Encoder
from ftwidgets.training.generation import resting, speaking_as
from ftwidgets.training.pairwise.token_scores import TILE

SIDES = ("chosen", "rejected")
Row = tuple[list[int], int]  # the ids of prompt and answer, and where the answer begins


def score_pair(model: Any, tokenizer: Any, row: dict[str, Any], max_length: int | None = None) -> dict[str, float]:
    """``margin before`` and ``margin after``, with the adapter off and on: the difference of the mean log-probabilities
    per token (the implicit reward of SimPO, arXiv 2405.14734, without beta); and the sums ``chosen_logps`` and
    ``rejected_logps`` with it on. In nats.

    Answers are cut at ``max_length`` as in training; a side without a token left gives NaN margins and the sum 0.
    """
    before, after = _before_and_after(model, _rows(tokenizer, row, max_length))
    margins = {name: float(chosen.mean() - rejected.mean())
               for name, (chosen, rejected) in (("margin before", before), ("margin after", after))}  # fmt: skip
    return margins | {f"{side}_logps": float(values.sum()) for side, values in zip(SIDES, after, strict=True)}


def token_ratios(
    model: Any, tokenizer: Any, row: dict[str, Any], max_length: int | None = None
) -> dict[str, list[tuple[str, float]]]:
    """By side, each token of the answer with its log-ratio ``log π(token) − log π₀(token)`` in nats: where the model
    with its adapter prefers it more than the base does. Their sum times beta is DPO's implicit reward (arXiv
    2305.18290, eq. 5)."""
    rows = _rows(tokenizer, row, max_length)
    before, after = _before_and_after(model, rows)
    return {
        side: list(zip([tokenizer.decode([token]) for token in ids[start:]], (on - off).tolist(), strict=True))
        for side, (ids, start), off, on in zip(SIDES, rows, before, after, strict=True)
    }


def token_logps(model: Any, rows: Sequence[Row], *, adapter: bool = True) -> list[Tensor]:
    """Of each row ``(ids, start)`` the log-probabilities of ``ids[start:]`` given what stands before each, float32,
    (len(ids) - start,).

    One forward pass reads all rows, padded on the right, where a causal model does not look. Its own head then makes
    the logits of the scored places alone, ``TILE`` at a time: their memory does not grow with the answers. Where the
    head does not stand apart, each row takes a pass of its own that makes all its logits.
    """
    lengths = [max(0, len(ids) - start) for ids, start in rows]
    if not any(lengths):
        return [torch.zeros(0) for _ in rows]
    with resting(model), speaking_as(model, adapter):
        logps = _in_one_pass if _head_stands_apart(model) else _one_by_one
        return list(logps(model, rows, lengths).cpu().split(lengths))


def _in_one_pass(model: Any, rows: Sequence[Row], lengths: list[int]) -> Tensor:
    base = _base(model)
    padded = pad_sequence([torch.tensor(ids, dtype=torch.long) for ids, _ in rows], batch_first=True).to(model.device)
    read = base.base_model(input_ids=padded, use_cache=False)
    answers = list(zip(range(len(rows)), [start for _, start in rows], lengths, strict=True))
    hidden = torch.cat([read.last_hidden_state[at, start - 1 : start - 1 + n] for at, start, n in answers])
    targets = torch.cat([padded[at, start : start + n] for at, start, n in answers])
    height = max(1, TILE // base.config.get_text_config().vocab_size)
    found = []
    with _saying(base.base_model, read):
        for states, wanted in zip(hidden.split(height), targets.split(height), strict=True):
            read.last_hidden_state = states[None]
            found.append(_logps(base(input_ids=wanted[None], use_cache=False).logits[0], wanted))
    return torch.cat(found)


def _one_by_one(model: Any, rows: Sequence[Row], lengths: list[int]) -> Tensor:
    found = []
    for (ids, _), n in zip(rows, lengths, strict=True):
        if n:
            inputs = torch.tensor([ids], device=model.device)
            # counted from the end: the tokens that prompt tuning adds come first
            found.append(_logps(model(input_ids=inputs).logits[0, -n - 1 : -1], inputs[0, -n:]))
    return torch.cat(found)


def _base(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _head_stands_apart(model: Any) -> bool:
    """Whether the base has a backbone, and its adapter adds no tokens of its own to the input."""
    base = _base(model)
    adds_tokens = getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False)
    return getattr(base, "base_model", base) is not base and not adds_tokens


def _logps(logits: Tensor, targets: Tensor) -> Tensor:
    logits = logits.float()
    return logits.gather(1, targets[:, None].to(logits.device)).squeeze(1) - logits.logsumexp(1)


def _before_and_after(model: Any, rows: Sequence[Row]) -> tuple[list[Tensor], list[Tensor]]:
    after = token_logps(model, rows)
    return (token_logps(model, rows, adapter=False) if hasattr(model, "disable_adapter") else after), after


@contextmanager
def _saying(module: Any, output: Any) -> Iterator[None]:
    """``module`` gives ``output``, whatever it is asked."""
    own = vars(module).get("forward")
    module.forward = lambda *args, **more: output
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own


def _rows(tokenizer: Any, row: dict[str, Any], max_length: int | None) -> list[Row]:
    """Of each side, cut as in training."""
    parts = Encoder(tokenizer, "dpo").encode(row).parts
    cut = [(list(part.ids)[:max_length], part.prompt) for part in parts]
    return [(ids, max(1, min(prompt, len(ids)))) for ids, prompt in cut]

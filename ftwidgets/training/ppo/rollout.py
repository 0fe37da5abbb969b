"""One update's answers, with all that learning from them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass
class Rollout:
    """N answers in the order in which minibatches and micro-batches take them; rows are padded on the right.

    Attributes:
        row_ids: (N,) the prompts' rows in the source.
        tokens: (N, L) prompt and answer of each row, then padding.
        prompt_lengths, lengths: (N,) tokens of the prompt and of the answer.
        logprobs, ref_logprobs, values, advantages, returns: (N, T) float32, for the answer's tokens.
    """

    row_ids: Tensor
    tokens: Tensor
    prompt_lengths: Tensor
    lengths: Tensor
    logprobs: Tensor
    ref_logprobs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor

    @classmethod
    def of(
        cls,
        row_ids: Sequence[int],
        prompts: Sequence[list[int]],
        answers: Sequence[list[int]],
        device: torch.device,
    ) -> Rollout:
        """A rollout of token ids, its numbers still zero."""
        rows = [torch.tensor([*p, *a]) for p, a in zip(prompts, answers, strict=True)]
        zeros = torch.zeros(len(rows), max(map(len, answers)), device=device)
        return cls(
            torch.tensor(row_ids),
            torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device),
            torch.tensor([len(p) for p in prompts], device=device),
            torch.tensor([len(a) for a in answers], device=device),
            *(zeros.clone() for _ in range(5)),
        )

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def mask(self) -> Tensor:
        """(N, T) true on the answers' tokens."""
        return torch.arange(self.values.shape[1], device=self.values.device) < self.lengths[:, None]

    def micro(self, start: int, size: int) -> MicroBatch:
        """Rows ``start`` to ``start + size``, without columns that are padding in all of them."""
        rows = slice(start, start + size)
        total = self.prompt_lengths[rows] + self.lengths[rows]
        width = int(total.max())
        ids = self.tokens[rows, :width]
        mask = self.mask[rows]
        row, t = mask.nonzero(as_tuple=True)
        place = self.prompt_lengths[rows][row] + t - 1  # the state in which token t is chosen
        return MicroBatch(
            input_ids=ids,
            attention_mask=(torch.arange(width, device=ids.device) < total[:, None]).long(),
            row=row,
            place=place,
            targets=ids[row, place + 1],
            mask=mask,
            rows=rows,
        )

    def state(self) -> dict[str, Tensor]:
        """The tensors by name, for a checkpoint."""
        return {f.name: getattr(self, f.name).contiguous() for f in fields(self)}


@dataclass
class MicroBatch:
    """Some rows of a rollout as one forward pass takes them; flat tensors (tokens,) hold their answers row by row.

    Attributes:
        input_ids, attention_mask: (B, L).
        row, place: (tokens,) where in (B, L) the state is in which each answer token was chosen.
        targets: (tokens,) the token chosen there.
        mask: (B, T) true on the answers' tokens: ``values[rows][mask]`` flattens a rollout's column.
    """

    input_ids: Tensor
    attention_mask: Tensor
    row: Tensor
    place: Tensor
    targets: Tensor
    mask: Tensor
    rows: slice

    def flat(self, column: Tensor) -> Tensor:
        """A rollout's column (N, T) as (tokens,)."""
        return column[self.rows][self.mask]

    def write(self, column: Tensor, values: Tensor) -> None:
        """Put flat ``values`` (tokens,) into a rollout's column (N, T)."""
        column[self.rows] = column[self.rows].masked_scatter(self.mask, values.to(column.dtype))

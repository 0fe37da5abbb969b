"""How a batch of pairs is laid out for the model: two rows a pair, or one row for all with each prompt once.

The shared row (arXiv 2410.20305) is, pair after pair, ``prompt, chosen, prompt[-1], rejected``. The rejected part sees
the prompt but not the chosen part; its position ids go on from the prompt's. Its first token repeats the prompt's last
one, so that every scored token is predicted from the place before it, as in any row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pair:
    """Token ids of one pair, cut to ``max_length``: the start of prompt + completion is kept."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]

    @classmethod
    def cut(cls, prompt: list[int], chosen: list[int], rejected: list[int], max_length: int | None) -> Pair:
        room = None if max_length is None else max(max_length - len(prompt), 0)
        return cls(prompt[:max_length], chosen[:room], rejected[:room])

    @property
    def shared(self) -> int:
        """Tokens that the rejected part reads from the chosen row: the prompt but its last one, which is repeated."""
        return max(len(self.prompt) - 1, 0)

    @property
    def scored(self) -> tuple[int, int]:
        """Scored tokens of the two completions. Without any prompt the first token has nothing to be predicted from."""
        missing = 0 if self.prompt else 1
        return max(len(self.chosen) - missing, 0), max(len(self.rejected) - missing, 0)

    @property
    def tokens(self) -> int:
        """Tokens of the pair in a shared row."""
        return len(self.prompt) + len(self.chosen) + min(len(self.prompt), 1) + len(self.rejected)

    @property
    def longest(self) -> int:
        """Tokens of the longer of its two rows."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True)
class Segment:
    """A stretch of a shared row: ``length`` tokens that attend to each other causally, and to the first ``shared``
    tokens of the segment before it."""

    length: int
    shared: int = 0


@dataclass
class SharedRow:
    """What attention needs to know about a shared row. Masks are built once a batch and kept here."""

    segments: tuple[Segment, ...]
    masks: dict[tuple[int, int, int | None, torch.device], Tensor] = field(default_factory=dict, repr=False)

    def mask(self, segment: Segment, window: int | None, device: torch.device) -> Tensor | None:
        """Boolean (length, shared + length), true where a token may look; None where plain causal attention does it.

        A query at row i stands at position shared + i of the keys; with a sliding ``window`` it sees that many tokens,
        itself included.
        """
        keys = segment.shared + segment.length
        if window is not None and window >= keys:
            window = None
        if not segment.shared and window is None:
            return None
        key = (segment.length, segment.shared, window, device)
        if key not in self.masks:
            at = torch.arange(segment.shared, keys, device=device)[:, None]
            to = torch.arange(keys, device=device)[None, :]
            allowed = to <= at
            self.masks[key] = allowed if window is None else allowed & (at - to < window)
        return self.masks[key]


@dataclass(frozen=True)
class Scored:
    """Which places of the laid out batch predict a scored token.

    Groups of places follow each other: the chosen completions, the rejected ones and, where asked for, the prompts
    (read in the chosen row). ``places`` index the flattened batch.
    """

    places: list[int]
    targets: list[int]
    lengths: list[int]


def _scored(
    pairs: Sequence[Pair], chosen_start: Callable[[int], int], rejected_end: Callable[[int], int], prompts: bool
) -> Scored:
    """Places by row: a chosen completion begins after its prompt; a rejected one ends where its segment ends."""
    places: list[int] = []
    targets: list[int] = []
    lengths: list[int] = []
    for i, pair in enumerate(pairs):
        first = chosen_start(i) + len(pair.prompt) - 1
        n = pair.scored[0]
        places += range(first + len(pair.chosen) - n, first + len(pair.chosen))
        targets += pair.chosen[len(pair.chosen) - n :]
        lengths.append(n)
    for i, pair in enumerate(pairs):
        n = pair.scored[1]
        places += range(rejected_end(i) - 1 - n, rejected_end(i) - 1)
        targets += pair.rejected[len(pair.rejected) - n :]
        lengths.append(n)
    if prompts:
        for i, pair in enumerate(pairs):
            places += range(chosen_start(i), chosen_start(i) + pair.shared)
            targets += pair.prompt[1:]
            lengths.append(pair.shared)
    return Scored(places, targets, lengths)


def two_rows(pairs: Sequence[Pair], pad: int, prompts: bool = False) -> tuple[dict[str, Tensor], Scored]:
    """All chosen rows, then all rejected rows, padded on the right.

    Returns the model's inputs (``input_ids``, ``attention_mask``, (2 · pairs, longest) each) and the scored places.
    """
    rows = [p.prompt + p.chosen for p in pairs] + [p.prompt + p.rejected for p in pairs]
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    n = len(pairs)
    scored = _scored(pairs, lambda i: i * width, lambda i: (n + i) * width + len(rows[n + i]), prompts)
    return {"input_ids": ids, "attention_mask": mask}, scored


def shared_row(pairs: Sequence[Pair], prompts: bool = False) -> tuple[dict[str, Tensor], SharedRow, Scored]:
    """One row for all pairs, without padding.

    Returns the model's inputs (``input_ids``, ``position_ids``, (1, tokens) each), the row's segments and the scored
    places.
    """
    ids: list[int] = []
    positions: list[int] = []
    segments: list[Segment] = []
    starts: list[int] = []
    ends: list[int] = []
    for pair in pairs:
        starts.append(len(ids))
        chosen = pair.prompt + pair.chosen
        rejected = pair.prompt[-1:] + pair.rejected
        ids += chosen + rejected
        positions += range(len(chosen))
        positions += range(pair.shared, pair.shared + len(rejected))
        segments += (Segment(len(chosen)), Segment(len(rejected), pair.shared))
        ends.append(len(ids))
    inputs = {"input_ids": torch.tensor([ids]), "position_ids": torch.tensor([positions])}
    return inputs, SharedRow(tuple(segments)), _scored(pairs, starts.__getitem__, ends.__getitem__, prompts)

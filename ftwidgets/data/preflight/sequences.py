"""What runs through the model for one example: token ids, and which of them are learnt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Part:
    """One sequence that runs through the model: ``ids`` int64 ``(n,)`` and ``trained`` bool ``(n,)``, before any cut.

    ``prompt`` is the number of tokens in front of the answer.
    """

    name: str  # row, chosen, rejected or prompt
    ids: np.ndarray
    trained: np.ndarray
    prompt: int

    def start(self, most: int) -> Part:
        """The first tokens alone."""
        return Part(self.name, self.ids[:most], self.trained[:most], min(self.prompt, most))


@dataclass(frozen=True)
class Encoded:
    """An example's sequences, and whether the prompt's own tokens had to be given up where the answer begins."""

    parts: tuple[Part, ...]
    prompt_changed: bool = False
    dropped_prompt_end: list[int] = field(default_factory=list)

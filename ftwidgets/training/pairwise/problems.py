"""What can be wrong with pairs or with a step on them, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from ftwidgets.errors import FtwidgetsError

SHOWN = 10  # row ids named in a message; the rest are counted


class PairsError(FtwidgetsError):
    """The pairs cannot train anything."""


class PrefixSharingError(FtwidgetsError):
    """Prefix sharing was asked for, and this model cannot do it."""


class NonFiniteError(FtwidgetsError):
    """The loss or the gradient of a step is not a number.

    Attributes:
        step: The optimizer step (counted from 1) that was not taken.
        row_ids: The rows it happened on; all rows of the step when only the gradient is not finite.
    """

    def __init__(self, message: str, step: int, row_ids: Sequence[int]):
        super().__init__(message)
        self.step = step
        self.row_ids = list(row_ids)


def named(row_ids: Sequence[int]) -> str:
    """“row 7”, “rows 3, 5 and 7”, “rows 0, 1, ... and 40 more”."""
    ids = [str(i) for i in row_ids]
    if len(ids) == 1:
        return f"row {ids[0]}"
    if len(ids) > SHOWN:
        return f"rows {', '.join(ids[:SHOWN])} and {len(ids) - SHOWN} more"
    return f"rows {', '.join(ids[:-1])} and {ids[-1]}"

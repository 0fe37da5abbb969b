"""A step whose loss or gradient is not a number is not taken: it would make every trained weight NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ftwidgets.errors import FtwidgetsError

SHOWN = 10  # row ids named in a message; the rest are counted


class NonFiniteError(FtwidgetsError):
    """The loss or the gradient of a step is not a number.

    Attributes:
        step: The optimizer step (counted from 1) that was not taken.
        row_ids: The rows it happened on, where they are known; all rows of the step when only the gradient is not
            finite.
    """

    def __init__(self, message: str, step: int, row_ids: Sequence[int]):
        super().__init__(message)
        self.step = step
        self.row_ids = list(row_ids)


class FiniteSteps:
    """Mixin of a Trainer, before it among the bases: ends the run before a step with such a gradient.

    A loss that is not a number gives such a gradient too.
    """

    remedy = "lower learning_rate"

    def rows_of_step(self) -> tuple[list[int], list[int]]:
        """The rows of the running step whose loss is not a number, and all its rows, as far as they are known."""
        return [], []

    def stop_non_finite(self, what: str, value: float) -> None:
        """End the run because the step's ``what`` is ``value``."""
        step = self.state.global_step + 1  # type: ignore[attr-defined]
        broken, among = self.rows_of_step()
        where = f", in {named(broken)}" if broken else f", among {named(among)}" if among else ""
        look = "Look at those rows, or " if among else ""
        advice = f"{look}{self.remedy} (learning_rate is {self.args.learning_rate:g})."  # type: ignore[attr-defined]
        raise NonFiniteError(
            f"The {what} became {value} at step {step}{where}. The step was not taken, and the last checkpoint is "
            f"sound. {advice[0].upper()}{advice[1:]}",
            step,
            broken or among,
        )

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[misc]
        # With float16 a gradient that overflows is expected now and then: the scaler skips that step by itself.
        scaled = self.accelerator.scaler is not None  # type: ignore[attr-defined]
        if norm is not None and not scaled and not math.isfinite(norm):
            self.stop_non_finite("gradient", float(norm))
        return norm


def named(row_ids: Sequence[int]) -> str:
    """“row 7”, “rows 3, 5 and 7”, “rows 0, 1, ... and 40 more”."""
    ids = [str(i) for i in row_ids]
    if len(ids) == 1:
        return f"row {ids[0]}"
    if len(ids) > SHOWN:
        return f"rows {', '.join(ids[:SHOWN])} and {len(ids) - SHOWN} more"
    return f"rows {', '.join(ids[:-1])} and {ids[-1]}"

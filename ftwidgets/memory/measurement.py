"""What a real step took: memory and time, measured instead of estimated."""

from __future__ import annotations

from dataclasses import dataclass

from ftwidgets.memory.device import DeviceMemory
from ftwidgets.memory.estimate import MemoryEstimate, gb

# How the peak was taken, in words: a person may want to know how far to trust it.
HOW = {
    "cuda": "what PyTorch reserved at most, and what CUDA took for itself",
    "high water": "the kernel's high-water mark of this process, without the files it maps",
    "samples": "this process looked at every few milliseconds, without the files it maps",
}


@dataclass(frozen=True)
class Measurement:
    """One real step of a run on its longest batch, and one on a usual batch.

    Attributes:
        peak_bytes: What the run takes at its peak, above what the process held before the model was loaded.
        seconds_per_step: Of a usual step, accumulation included; for PPO with its share of the sampling.
        seconds_longest: Of the step on the longest batch, which also warms up.
        steps: Optimizer steps of the whole run.
        longest_batch: Rows (or sequences, two for a pair) of the longest batch run at once, and tokens of each.
        device: What was measured, with the memory that was free before.
        how: How the peak was taken, a key of ``HOW``.
        estimate: What ``estimate_memory`` says, or ``None`` where it cannot.
    """

    peak_bytes: float
    seconds_per_step: float
    seconds_longest: float
    steps: int
    longest_batch: tuple[int, int]
    device: DeviceMemory
    how: str
    estimate: MemoryEstimate | None = None

    @property
    def seconds_to_finish(self) -> float:
        """All steps of the run, without evaluation and sampled answers."""
        return self.seconds_per_step * self.steps

    @property
    def longest_tokens(self) -> int:
        """Tokens of the longest batch, padding included."""
        return self.longest_batch[0] * self.longest_batch[1]

    @property
    def fits(self) -> bool:
        """Whether the peak is within the memory that was free."""
        return self.peak_bytes <= self.device.free

    def parts(self) -> list[str]:
        """What was found, in a few phrases."""
        said = f"measured {gb(self.peak_bytes)} GB"
        if self.estimate is not None:
            said = f"estimated {gb(self.estimate.low)} to {gb(self.estimate.high)} GB, {said}"
        if not self.fits:
            said += f", more than the {gb(self.device.free)} GB that are free"
        rows, tokens = self.longest_batch
        steps = "1 step" if self.steps == 1 else f"{self.steps:,} steps"
        return [
            said,
            f"{pace(self.seconds_per_step)} a step, about {span(self.seconds_to_finish)} for {steps}",
            f"longest batch {rows:,} × {tokens:,} tokens",
        ]

    def __str__(self) -> str:
        text = "; ".join(self.parts())
        return f"{text[0].upper()}{text[1:]}; on {self.device.name} ({HOW[self.how]})."


def pace(seconds: float) -> str:
    """A step's time: 0.08 s, 1.9 s, 42 s."""
    return f"{seconds:.2f} s" if seconds < 0.095 else f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def span(seconds: float) -> str:
    """A time span as a person says it: 38 s, 12 min, 2 h 10 min."""
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    return f"{round(whole / 60)} min" if whole < 6000 else f"{whole // 3600} h {whole % 3600 // 60} min"

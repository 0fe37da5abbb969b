"""How much memory a run takes: an estimate by parts, from the model's own config. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import formulas
from ftwidgets.memory.setup import Device, Setup
from ftwidgets.models import Architecture, Linear, ModelCard, card

PARTS = ("weights", "adapters", "optimizer", "activations", "logits", "rollouts", "overhead")
WORDS = {
    "weights": "the frozen model",
    "adapters": "LoRA weights and their gradients",
    "optimizer": "the optimizer's moments",
    "activations": "kept for the backward pass, and the layer at work",
    "logits": "the loss over the vocabulary",
    "rollouts": "sampling answers: keys and values",
    "overhead": "room to write out 4-bit weights, and the device's own",
}


class EstimateError(FtwidgetsError):
    """A model whose memory cannot be worked out."""


@dataclass(frozen=True)
class MemoryEstimate:
    """The peak of a run, in bytes. The parts add up to ``total``; the true peak is likely in ``low`` to ``high``."""

    weights: float
    adapters: float
    optimizer: float
    activations: float
    logits: float
    rollouts: float
    overhead: float
    trainable_parameters: int
    device: Device

    @property
    def parts(self) -> dict[str, float]:
        """Each part's bytes, in the order they are shown."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def total(self) -> float:
        """Bytes at the peak."""
        return sum(self.parts.values())

    @property
    def moving(self) -> float:
        """Bytes that grow with the batch and the length of its rows."""
        return self.activations + self.logits + self.rollouts

    @property
    def low(self) -> float:
        """The lower end: short of it, memory would surely not do."""
        return self.total - 0.03 * (self.total - self.moving) - 0.25 * self.moving

    @property
    def high(self) -> float:
        """The upper end: with so much free, it should fit."""
        steady = 0.25 if self.device == "cpu" else 0.05  # malloc keeps free memory between tensors: up to 0.24 measured
        return self.total + steady * (self.total - self.moving) + 0.25 * self.moving

    def fits(self, available: float) -> str:
        """``"fits"``, ``"tight"`` (within the range of the estimate) or ``"does not fit"`` in so many bytes."""
        if self.high <= available:
            return "fits"
        return "tight" if self.low <= available else "does not fit"

    def to_dict(self) -> dict[str, Any]:
        """Plain values: the parts, ``total``, ``low``, ``high``."""
        return asdict(self) | {"total": self.total, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {gb(size)}" for name, size in self.parts.items() if size)
        return f"{gb(self.total)} GB ({gb(self.low)} to {gb(self.high)}): {shown}"


def gb(size: float) -> str:
    """Bytes in GB (10⁹), as shown everywhere: <0.01, 0.42, 8.9, 123."""
    value = size / 1e9
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def estimate_memory(
    config: RunConfig | None = None,
    /,
    *,
    device: Device = "cuda",
    prompt_share: float = 0.0,
    model_card: ModelCard | None = None,
    **keywords: Any,
) -> MemoryEstimate:
    """Estimate the peak memory of a run, by arithmetic alone.

    Args:
        config: The run; or give its options as flat keywords.
        device: ``"cuda"`` or ``"cpu"``.
        prompt_share: Share of a row that is prompt, which counts where pairs share their prompt
            (``prefix_sharing="on"``).
        model_card: The model's card when it has been read already.
        keywords: Options of ``RunConfig``.

    Raises:
        ConfigError: The options do not make a run.
        ModelNotFoundError: The model is not on this machine.
        EstimateError: The model's files do not give its sizes.
    """
    if config is None:
        config = RunConfig(**keywords)
    elif keywords:
        config = config.replace(**keywords)
    found = model_card or card(config.model, config.revision)
    if found.architecture is None:
        raise EstimateError(f"{config.model}: its memory cannot be told. {' '.join(map(str, found.problems))}")
    inside = sum(linear.parameters for linear in found.linears)
    other = (found.parameters or 0) - inside
    if config.method == "reward" and not found.architecture.tied:
        other -= found.architecture.vocab * found.architecture.hidden  # a score in place of the LM head
    return estimate(found.architecture, Setup.from_config(config, device, prompt_share), found.linears, other)


def estimate(
    architecture: Architecture, setup: Setup, linears: Sequence[Linear] = (), other: int | None = None
) -> MemoryEstimate:
    """Estimate from sizes alone.

    Args:
        architecture: The model's sizes.
        setup: How it is trained.
        linears: Its linear layers as its files name them; by default those of the formula.
        other: Its other parameters (embeddings, LM head, norms, experts); by default those of the formula.
    """
    found = tuple(linears) or architecture.linears()
    if other is None:
        other = architecture.parameters() - sum(linear.parameters for linear in found)
    kept, at_work = formulas.activations(architecture, found, setup)
    workspace = formulas.workspace(found, setup)
    loss = formulas.logits(architecture, setup)
    # The loss is over before the gradient comes to the layers: the two phases share their memory.
    update = kept + max(at_work + workspace, loss)
    sampling = formulas.rollouts(architecture, found, setup)
    return MemoryEstimate(
        weights=formulas.weights(architecture, found, other, setup),
        adapters=formulas.adapters(found, setup),
        optimizer=formulas.optimizer(found, setup),
        activations=kept + at_work,
        logits=max(0.0, loss - at_work - workspace),
        rollouts=max(0.0, sampling + workspace - update),
        overhead=workspace + formulas.context(architecture, setup),
        trainable_parameters=formulas.adapter_parameters(found, setup) * setup.adapters,
        device=setup.device,
    )

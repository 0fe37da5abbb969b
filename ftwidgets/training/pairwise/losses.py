"""The losses, as functions of log-probabilities.

Every tensor has shape (pairs,) and every result too: one value a pair, not reduced. ``*_logps`` are sums over the
tokens of a completion in nats, ``*_lengths`` the number of those tokens.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ftwidgets.errors import FtwidgetsError

DPO_LOSSES = ("sigmoid", "ipo", "hinge", "robust", "apo_zero")
SMOOTHED = ("sigmoid", "robust")  # the losses that label_smoothing means something to


def dpo(
    chosen_ratios: Tensor,
    rejected_ratios: Tensor,
    chosen_lengths: Tensor,
    rejected_lengths: Tensor,
    *,
    beta: float,
    loss_type: str = "sigmoid",
    label_smoothing: float = 0.0,
) -> Tensor:
    """DPO and its kin. ``*_ratios`` are log π(y|x) − log π₀(y|x), sums over the completion.

    - ``sigmoid``: −log σ(βΔ), arXiv 2305.18290 eq. 7, with Δ = chosen − rejected ratio. With ``label_smoothing`` ε it
      is conservative DPO, −(1−ε) log σ(βΔ) − ε log σ(−βΔ) (Mitchell 2023, ericmitchell.ai/cdpo.pdf eq. 3).
    - ``robust``: [−(1−ε) log σ(βΔ) + ε log σ(−βΔ)] / (1−2ε), arXiv 2403.00409.
    - ``hinge``: max(0, 1 − βΔ), SLiC (arXiv 2305.10425) on DPO's margin.
    - ``ipo``: (Δ̄ − 1/(2β))², arXiv 2310.12036 eq. 17, ratios as means per token: its authors confirmed that to TRL.
    - ``apo_zero``: 1 − σ(β · chosen ratio) + σ(β · rejected ratio), arXiv 2408.06266 eq. 7.

    Raises:
        FtwidgetsError: ``loss_type`` is none of these, or does not know ``label_smoothing``.
    """
    check_dpo(loss_type, label_smoothing)
    margin = beta * (chosen_ratios - rejected_ratios)
    if loss_type == "sigmoid":
        return -(1 - label_smoothing) * F.logsigmoid(margin) - label_smoothing * F.logsigmoid(-margin)
    if loss_type == "robust":
        right, wrong = -F.logsigmoid(margin), -F.logsigmoid(-margin)
        return ((1 - label_smoothing) * right - label_smoothing * wrong) / (1 - 2 * label_smoothing)
    if loss_type == "hinge":
        return torch.relu(1 - margin)
    if loss_type == "ipo":
        means = chosen_ratios / chosen_lengths - rejected_ratios / rejected_lengths
        return (means - 1 / (2 * beta)) ** 2
    return 1 - torch.sigmoid(beta * chosen_ratios) + torch.sigmoid(beta * rejected_ratios)


def check_dpo(loss_type: str, label_smoothing: float) -> None:
    """Raises ``FtwidgetsError`` when ``dpo`` cannot be computed with these."""
    if loss_type not in DPO_LOSSES:
        raise FtwidgetsError(f"loss_type={loss_type!r}: no such DPO loss. Use one of {', '.join(DPO_LOSSES)}.")
    if not 0 <= label_smoothing < 0.5:
        raise FtwidgetsError(f"label_smoothing={label_smoothing}: must be at least 0 and below 0.5.")
    if label_smoothing and loss_type not in SMOOTHED:
        raise FtwidgetsError(
            f"label_smoothing={label_smoothing}: loss_type={loss_type!r} does not use it. "
            f"Set it to 0, or use loss_type={' or '.join(repr(name) for name in SMOOTHED)}."
        )


def simpo(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    chosen_lengths: Tensor,
    rejected_lengths: Tensor,
    *,
    beta: float,
    simpo_gamma: float,
) -> Tensor:
    """SimPO: −log σ(β (log π(y꜀)/|y꜀| − log π(yᵣ)/|yᵣ|) − γ), arXiv 2405.14734 eq. 6.

    ``simpo_gamma`` is the target reward margin γ itself, as in TRL, not the ratio γ/β that the paper tunes.
    """
    return -F.logsigmoid(beta * (chosen_logps / chosen_lengths - rejected_logps / rejected_lengths) - simpo_gamma)


def log_odds_ratio(
    chosen_logps: Tensor, rejected_logps: Tensor, chosen_lengths: Tensor, rejected_lengths: Tensor
) -> Tensor:
    """log of odds(chosen) / odds(rejected), odds(y) = P(y)/(1 − P(y)), P(y) the geometric mean over tokens.

    arXiv 2403.07691 eq. 4 and 5.
    """
    chosen, rejected = chosen_logps / chosen_lengths, rejected_logps / rejected_lengths
    return (chosen - rejected) - (_log1mexp(chosen) - _log1mexp(rejected))


def orpo(log_odds: Tensor, nll: Tensor, *, beta: float) -> Tensor:
    """ORPO: NLL − λ log σ(log odds ratio), arXiv 2403.07691 eq. 6 and 7; λ is ``beta``, as in TRL.

    ``nll`` is the mean negative log-likelihood per token of the chosen completion.
    """
    return nll - beta * F.logsigmoid(log_odds)


def _log1mexp(x: Tensor) -> Tensor:
    """log(1 − eˣ) for x ≤ 0 without cancellation (Mächler 2012); x is held off 0, where the odds are infinite."""
    x = x.clamp(max=-torch.finfo(x.dtype).tiny if x.dtype == torch.float64 else -1e-12)
    near = x > -math.log(2)
    # Both branches are computed, so each gets a harmless value where the other is taken: no NaN in the gradient.
    return torch.where(
        near,
        torch.log(-torch.expm1(torch.where(near, x, -1.0))),
        torch.log1p(-torch.exp(torch.where(near, -1.0, x))),
    )

"""Objective: from the log-probabilities of a batch of pairs to its loss and metrics, by method."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.pairwise import losses

METHODS = ("dpo", "orpo", "simpo")


@dataclass(frozen=True)
class PairScores:
    """What the model makes of a batch of pairs. Every tensor has shape (pairs,).

    Attributes:
        chosen_logps, rejected_logps: log π(y|x), sums over the tokens of a completion.
        chosen_lengths, rejected_lengths: Scored tokens of each completion.
        prompt_logps, prompt_lengths: The same of the prompt, where the objective asks for it.
    """

    chosen_logps: Tensor
    rejected_logps: Tensor
    chosen_lengths: Tensor
    rejected_lengths: Tensor
    prompt_logps: Tensor | None = None
    prompt_lengths: Tensor | None = None


@dataclass(frozen=True)
class Outcome:
    """Loss and rewards, shape (pairs,) each; ``extra`` holds the method's own metrics, under TRL's names."""

    loss: Tensor
    chosen_reward: Tensor
    rejected_reward: Tensor
    chosen_logps: Tensor
    rejected_logps: Tensor
    extra: dict[str, Tensor]


@dataclass(frozen=True)
class Objective:
    """A method with its parameters.

    Attributes:
        beta: DPO's and SimPO's β, ORPO's λ.
        nll_over: ORPO's likelihood over the ``completion`` (the paper) or over ``all``, prompt and completion
            (TRL's experimental trainer).
    """

    method: str
    beta: float
    loss_type: str = "sigmoid"
    label_smoothing: float = 0.0
    simpo_gamma: float = 0.0
    nll_over: str = "completion"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FtwidgetsError(f"method={self.method!r}: not a pairwise method. Use one of {', '.join(METHODS)}.")
        if self.beta <= 0:
            raise FtwidgetsError(f"beta={self.beta}: must be above 0.")
        if self.method == "dpo":
            losses.check_dpo(self.loss_type, self.label_smoothing)
        if self.nll_over not in ("completion", "all"):
            raise FtwidgetsError(f"nll_over={self.nll_over!r}: must be 'completion' or 'all'.")

    @property
    def needs_reference(self) -> bool:
        return self.method == "dpo"

    @property
    def scores_prompt(self) -> bool:
        return self.method == "orpo" and self.nll_over == "all"

    def __call__(self, scores: PairScores, reference: tuple[Tensor, Tensor] | None = None) -> Outcome:
        """``reference``: log π₀ of the chosen and of the rejected completions, for DPO.

        Rewards are TRL's: β times the log-ratio for DPO, β times the mean log-probability for the others, whose
        ``logps`` are those means too.
        """
        s = scores
        if self.method == "dpo":
            if reference is None:
                raise ValueError("DPO needs the reference's log-probabilities.")
            chosen, rejected = s.chosen_logps - reference[0], s.rejected_logps - reference[1]
            loss = losses.dpo(
                chosen,
                rejected,
                s.chosen_lengths,
                s.rejected_lengths,
                beta=self.beta,
                loss_type=self.loss_type,
                label_smoothing=self.label_smoothing,
            )
            return self._outcome(loss, chosen, rejected, s.chosen_logps, s.rejected_logps, {})
        parts = (s.chosen_logps, s.rejected_logps, s.chosen_lengths, s.rejected_lengths)
        chosen, rejected = s.chosen_logps / s.chosen_lengths, s.rejected_logps / s.rejected_lengths
        if self.method == "simpo":
            loss = losses.simpo(*parts, beta=self.beta, simpo_gamma=self.simpo_gamma)
            return self._outcome(loss, chosen, rejected, chosen, rejected, {})
        nll = -chosen
        if self.scores_prompt:
            assert s.prompt_logps is not None and s.prompt_lengths is not None
            nll = -(s.prompt_logps + s.chosen_logps) / (s.prompt_lengths + s.chosen_lengths)
        log_odds = losses.log_odds_ratio(*parts)
        loss = losses.orpo(log_odds, nll, beta=self.beta)
        extra = {
            "nll_loss": nll,
            "log_odds_ratio": F.logsigmoid(log_odds),
            "log_odds_chosen": log_odds,
        }
        return self._outcome(loss, chosen, rejected, chosen, rejected, extra)

    def _outcome(
        self, loss: Tensor, chosen: Tensor, rejected: Tensor, chosen_logps: Tensor, rejected_logps: Tensor, extra: dict
    ) -> Outcome:
        return Outcome(
            loss,
            self.beta * chosen.detach(),
            self.beta * rejected.detach(),
            chosen_logps.detach(),
            rejected_logps.detach(),
            {name: value.detach() for name, value in extra.items()},
        )

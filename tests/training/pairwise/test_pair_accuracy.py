"""Pair accuracy by mean log-probability: one measure for every pairwise method, by hand."""

import torch

from ftwidgets.training.pairwise.objective import Outcome, PairScores
from ftwidgets.training.pairwise.record import TOKENS, Record


def test_accuracy_and_margin_per_token_by_hand():
    # chosen: -2 over 4 tokens is -0.5 a token, -9 over 3 is -3; rejected: -4 over 4 is -1, -2 over 2 is -1.
    scores = PairScores(
        chosen_logps=torch.tensor([-2.0, -9.0]),
        rejected_logps=torch.tensor([-4.0, -2.0]),
        chosen_lengths=torch.tensor([4, 3]),
        rejected_lengths=torch.tensor([4, 2]),
    )
    zero = torch.zeros(2)
    outcome = Outcome(zero, zero, zero, scores.chosen_logps, scores.rejected_logps, {})
    record = Record()
    record.add("eval", 0, torch.tensor([7, 8]), scores, outcome, torch.ones(len(TOKENS)))
    metrics, _ = record.drain("eval")
    assert metrics["pairs/accuracy"] == 0.5  # the first pair is ranked right, the second is not
    assert metrics["pairs/margin"] == (0.5 - 2.0) / 2
    assert metrics["rewards/accuracies"] == 0.0  # policy = reference: no margin, and no sense in TRL's accuracy

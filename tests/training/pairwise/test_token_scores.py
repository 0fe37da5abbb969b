"""Token scores against plain logits, and against TRL's kernel."""

import pytest
import torch
from trl.kernels import ChunkedLogProbFunction

from ftwidgets.training.pairwise import token_scores
from ftwidgets.training.pairwise.token_scores import ScoreTokens


@pytest.fixture
def head():
    """Hidden states (n, h), weight (v, h), bias (v,), targets (n,); every third target is the likeliest token."""
    random = torch.Generator().manual_seed(0)
    hidden = torch.randn(23, 16, generator=random).requires_grad_()
    weight, bias = torch.randn(50, 16, generator=random), torch.randn(50, generator=random)
    targets = torch.randint(0, 50, (23,), generator=random)
    targets[::3] = (hidden @ weight.t() + bias).argmax(-1)[::3]
    return hidden, weight, bias, targets


@pytest.mark.parametrize("softcap", [None, 3.0])
def test_scores_and_gradient_are_those_of_plain_logits(head, softcap, monkeypatch):
    hidden, weight, bias, targets = head
    monkeypatch.setattr(token_scores, "TILE", 5 * 50)  # five tokens at a time: tiles and a rest
    upstream = torch.linspace(-2, 2, 23)
    scores = ScoreTokens.apply(hidden, weight, bias, targets, softcap)
    (scores[0] * upstream).sum().backward()
    gradient, hidden.grad = hidden.grad, None

    logits = hidden @ weight.t() + bias
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    log_p = logits.log_softmax(-1)
    expected = log_p.gather(1, targets[:, None]).squeeze(1)
    (expected * upstream).sum().backward()
    torch.testing.assert_close(scores[0], expected)
    torch.testing.assert_close(scores[1], -(log_p.exp() * log_p).sum(-1))
    torch.testing.assert_close(scores[2], logits.mean(-1))
    assert torch.equal(scores[3], logits.argmax(-1) == targets)
    torch.testing.assert_close(gradient, hidden.grad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_agrees_with_trl(head, dtype):
    hidden, weight, bias, targets = head
    hidden, weight, bias = hidden.detach().to(dtype), weight.to(dtype), bias.to(dtype)
    ours = ScoreTokens.apply(hidden, weight, bias, targets, None)
    names = ("entropy", "mean_logits", "is_top1")
    log_probs, entropy, _, mean, top1 = ChunkedLogProbFunction.apply(
        hidden, weight, bias, targets, 1.0, 32768, None, 1.0, names
    )
    for mine, theirs in zip(ours[:3], (log_probs, entropy, mean), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    assert torch.equal(ours[3], top1)


def test_of_equal_logits_the_first_is_the_likeliest():
    hidden, weight = torch.ones(3, 1), torch.tensor([[0.0], [2.0], [2.0], [1.0]])
    top1 = ScoreTokens.apply(hidden, weight, None, torch.tensor([1, 2, 3]), None)[3]
    assert top1.tolist() == [True, False, False]

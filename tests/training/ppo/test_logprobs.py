import pytest
import torch
import torch.nn.functional as F

from ftwidgets.training.ppo import logprobs
from ftwidgets.training.ppo.logprobs import OutputHead

HEADS = {
    "plain": {},
    "tempered": {"temperature": 0.7},
    "scaled": {"scale": 0.25, "temperature": 1.3},
    "capped": {"softcap": 2.0, "temperature": 0.7},
    "capped and scaled": {"softcap": 2.0, "scale": 0.5},
}


def head(weight: torch.Tensor, bias: torch.Tensor | None = None, **options: float) -> OutputHead:
    return OutputHead(weight, bias, **({"scale": 1.0, "softcap": None, "temperature": 1.0} | options))


def plain(h: torch.Tensor, tokens: torch.Tensor, head: OutputHead) -> tuple[torch.Tensor, torch.Tensor]:
    """The definition, with all logits at once."""
    logits = F.linear(h, head.weight, head.bias) * head.scale
    if head.softcap:
        logits = head.softcap * torch.tanh(logits / head.softcap)
    log_softmax = (logits / head.temperature).log_softmax(-1)
    entropy = -(log_softmax.exp() * log_softmax).sum(-1)
    return log_softmax.gather(1, tokens[:, None])[:, 0], entropy


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("biased", [False, True])
def test_equals_log_softmax_and_its_gradient(name: str, biased: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(logprobs.CHUNK_BYTES, "cpu", 4 * 8 * 2)  # two columns at a time
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(11, 5, generator=generator)
    output = head(weight, torch.randn(11, generator=generator) if biased else None, **HEADS[name])
    tokens = torch.randint(0, 11, (8,), generator=generator)
    pull = torch.randn(8, generator=generator)
    mine = torch.randn(8, 5, generator=generator).requires_grad_()
    theirs = mine.detach().clone().requires_grad_()

    got = output(mine, tokens)
    (got * pull).sum().backward()
    expected, expected_entropy = plain(theirs, tokens, output)
    (expected * pull).sum().backward()

    assert torch.allclose(got, expected, atol=1e-5)
    assert torch.allclose(mine.grad, theirs.grad, atol=1e-5)
    with torch.no_grad():
        again, entropy = output.with_entropy(mine, tokens)
    assert torch.equal(again, got)
    assert torch.allclose(entropy, expected_entropy, atol=1e-5)


def test_no_tokens_at_all() -> None:
    h = torch.zeros(0, 5, requires_grad=True)
    got = head(torch.ones(7, 5))(h, torch.zeros(0, dtype=torch.long))
    got.sum().backward()
    assert got.shape == (0,)
    assert h.grad.shape == (0, 5)


def test_same_numbers_with_and_without_gradient() -> None:
    generator = torch.Generator().manual_seed(1)
    weight, h = torch.randn(50, 8, generator=generator), torch.randn(6, 8, generator=generator)
    output, tokens = head(weight.bfloat16()), torch.arange(6)
    with torch.no_grad():
        old, _ = output.with_entropy(h.bfloat16(), tokens)
    new = output(h.bfloat16().requires_grad_(), tokens)
    assert torch.equal(old, new.detach())


def test_the_gradient_of_a_token_that_is_nearly_certain_is_exact_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is small: taken as the difference of two large numbers in bfloat16 it would be noise."""
    monkeypatch.setitem(logprobs.CHUNK_BYTES, "cpu", 4 * 2 * 16)
    generator = torch.Generator().manual_seed(2)
    weight, h = torch.randn(64, 32, generator=generator).bfloat16(), torch.randn(2, 32, generator=generator)
    tokens = (h @ weight.float().T).argmax(1)
    h += 0.3 * weight[tokens].float()  # so that it is far ahead
    mine = h.bfloat16().requires_grad_()
    head(weight)(mine, tokens).sum().backward()
    likely = F.linear(mine.detach(), weight).double().softmax(1)  # of the logits as bfloat16 rounds them
    assert likely.gather(1, tokens[:, None]).min() > 0.99
    expected = (F.one_hot(tokens, 64) - likely) @ weight.double()
    assert (mine.grad - expected).norm() <= 2**-7 * expected.norm()

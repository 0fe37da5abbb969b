"""Each loss against numbers worked out from its paper's formula."""

import math

import pytest
import torch

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.pairwise import losses


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def dpo(loss_type: str, chosen: float, rejected: float, lengths: tuple[int, int] = (4, 2), **options: float) -> float:
    """One pair, float64."""
    tensors = [torch.tensor([x], dtype=torch.float64) for x in (chosen, rejected, *lengths)]
    return losses.dpo(*tensors, loss_type=loss_type, **{"beta": 0.5, **options}).item()


def test_sigmoid():
    # βΔ = 0.5 (1.2 − (−0.8)) = 1
    assert dpo("sigmoid", 1.2, -0.8) == pytest.approx(math.log(1 + math.exp(-1)))


def test_sigmoid_with_label_smoothing_is_conservative_dpo():
    expected = -0.9 * math.log(sigma(1)) - 0.1 * math.log(sigma(-1))
    assert dpo("sigmoid", 1.2, -0.8, label_smoothing=0.1) == pytest.approx(expected)


def test_robust_is_unbiased():
    # Labels flipped with probability ε: the mean of the robust loss is the loss on clean labels.
    e = 0.2
    right, wrong = dpo("robust", 1.2, -0.8, label_smoothing=e), dpo("robust", -0.8, 1.2, label_smoothing=e)
    assert (1 - e) * right + e * wrong == pytest.approx(dpo("sigmoid", 1.2, -0.8))


def test_hinge():
    assert dpo("hinge", 0.4, -0.2) == pytest.approx(1 - 0.5 * 0.6)
    assert dpo("hinge", 3.0, 0.0) == 0


def test_ipo_takes_means_per_token():
    # 2.0/4 − (−0.6)/2 = 0.8; 1/(2β) = 1
    assert dpo("ipo", 2.0, -0.6) == pytest.approx((0.8 - 1) ** 2)


def test_apo_zero():
    assert dpo("apo_zero", 1.0, -2.0) == pytest.approx(1 - sigma(0.5) + sigma(-1.0))


@pytest.mark.parametrize(
    ("loss_type", "smoothing", "says"),
    [("nope", 0.0, "loss_type='nope'"), ("hinge", 0.1, "does not use it"), ("robust", 0.5, "below 0.5")],
)
def test_parameters_that_mean_nothing_are_refused(loss_type, smoothing, says):
    with pytest.raises(FtwidgetsError, match=says):
        dpo(loss_type, 1.0, 0.0, label_smoothing=smoothing)


def simpo(beta: float, gamma: float) -> float:
    tensors = [torch.tensor([x], dtype=torch.float64) for x in (-6.0, -8.0, 4, 2)]
    return losses.simpo(*tensors, beta=beta, simpo_gamma=gamma).item()


def test_simpo_gamma_is_the_margin_itself():
    # means −1.5 and −4: β · 2.5 − γ = 2 · 2.5 − 1 = 4
    assert simpo(beta=2.0, gamma=1.0) == pytest.approx(math.log(1 + math.exp(-4)))


def test_log_odds_ratio():
    # P = e^−1.5 and e^−4
    p, q = math.exp(-1.5), math.exp(-4)
    tensors = [torch.tensor([x], dtype=torch.float64) for x in (-6.0, -8.0, 4, 2)]
    assert losses.log_odds_ratio(*tensors).item() == pytest.approx(math.log((p / (1 - p)) / (q / (1 - q))))


def test_orpo():
    log_odds, nll = torch.tensor([0.7], dtype=torch.float64), torch.tensor([1.5], dtype=torch.float64)
    assert losses.orpo(log_odds, nll, beta=0.1).item() == pytest.approx(1.5 - 0.1 * math.log(sigma(0.7)))


@pytest.mark.parametrize("certain", [0.0, -1e-9, -1e-4, -0.6931, -0.6932, -20.0])
def test_log_odds_keep_their_gradient_near_certainty(certain):
    logps = torch.tensor([certain], requires_grad=True)
    one = torch.ones(1)
    losses.log_odds_ratio(logps, torch.tensor([-1.0]), one, one).sum().backward()
    assert math.isfinite(logps.grad.item())
    if certain < -1e-6:
        # d/dx [x − log(1 − eˣ)] = 1 / (1 − eˣ)
        assert logps.grad.item() == pytest.approx(-1 / math.expm1(certain), rel=1e-4)

import math

import pytest
import torch

from ftwidgets.training.ppo.math import (
    KLController,
    gae,
    kl_estimate,
    masked_whiten,
    policy_loss,
    token_rewards,
    value_loss,
)

MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]).bool()


def random(seed: int) -> torch.Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(seed)) * MASK


def brute_force(rewards: list[float], values: list[float], gamma: float, lam: float) -> list[float]:
    """Σₗ (γλ)ˡ δₜ₊ₗ, written out (arXiv 1506.02438, eq. 16)."""
    after = [*values[1:], 0.0]
    deltas = [r + gamma * v1 - v for r, v, v1 in zip(rewards, values, after, strict=True)]
    return [sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:])) for t in range(len(deltas))]


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 0.0), (0.7, 1.0)])
def test_gae_is_the_sum_it_is_defined_as(gamma: float, lam: float) -> None:
    rewards, values = random(0), random(1)
    advantages, returns = gae(rewards, values, MASK, gamma, lam)
    for row, length in enumerate([4, 2, 1]):
        expected = brute_force(rewards[row, :length].tolist(), values[row, :length].tolist(), gamma, lam)
        assert advantages[row, :length].tolist() == pytest.approx(expected, abs=1e-6)
        assert not advantages[row, length:].any()
    assert torch.equal(returns, (advantages + values) * MASK)


def test_with_gamma_and_lambda_one_returns_are_rewards_to_go() -> None:
    rewards, values = random(2), random(3)
    _, returns = gae(rewards, values, MASK, 1.0, 1.0)
    to_go = rewards.flip(1).cumsum(1).flip(1) * MASK
    assert torch.allclose(returns, to_go, atol=1e-6)


def test_values_beyond_an_answers_end_change_nothing() -> None:
    rewards, values = random(4), random(5)
    assert torch.equal(gae(rewards, values, MASK, 1.0, 0.9)[0], gae(rewards, values + 9 * ~MASK, MASK, 1.0, 0.9)[0])


def test_whitening_counts_only_the_mask() -> None:
    values = torch.tensor([[1.0, 2.0, 100.0], [3.0, 100.0, 100.0]])
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()
    # 1, 2, 3: mean 2, unbiased variance 1
    assert torch.allclose(masked_whiten(values, mask), torch.tensor([[-1.0, 0, 0], [1.0, 0, 0]]), atol=1e-6)
    kept = masked_whiten(values, mask, shift_mean=False)
    assert torch.allclose(kept, torch.tensor([[1.0, 2, 0], [3.0, 0, 0]]), atol=1e-6)


def test_whitening_one_value_is_finite() -> None:
    mask = torch.tensor([[1, 0]]).bool()
    assert masked_whiten(torch.tensor([[5.0, 7.0]]), mask).tolist() == [[0.0, 0.0]]


def test_score_goes_on_the_last_token_and_kl_on_every_one() -> None:
    kl = torch.full((3, 4), 2.0)
    rewards = token_rewards(kl, torch.tensor([10.0, 20.0, 30.0]), MASK, 0.1)
    expected = [[-0.2, -0.2, -0.2, 9.8], [-0.2, 19.8, 0, 0], [29.8, 0, 0, 0]]
    assert torch.allclose(rewards, torch.tensor(expected))


def test_kl_estimates() -> None:
    logprobs, reference = torch.tensor([math.log(0.5)]), torch.tensor([math.log(0.25)])
    # r = π₀/π = 0.5: k1 = −log r = log 2; k3 = r − 1 − log r
    assert kl_estimate(logprobs, reference, "k1").item() == pytest.approx(math.log(2))
    assert kl_estimate(logprobs, reference, "k3").item() == pytest.approx(0.5 - 1 + math.log(2))
    assert kl_estimate(reference, logprobs, "k3").item() >= 0


def test_policy_loss_against_hand_values() -> None:
    # ratios 1.5, 0.5, 1.1 with advantages 2, −1, 3 and clip 0.2:
    # max(−2·1.5, −2·1.2) = −2.4; max(1·0.5, 1·0.8) = 0.8; max(−3·1.1, −3·1.1) = −3.3
    old = torch.tensor([-1.0, -1.0, -1.0])
    new = old + torch.tensor([1.5, 0.5, 1.1]).log()
    part = policy_loss(new, old, torch.tensor([2.0, -1.0, 3.0]), 0.2, total=3)
    assert part.loss.item() == pytest.approx((-2.4 + 0.8 - 3.3) / 3)
    assert part.sums["policy/clipfrac_avg"].item() == 2
    assert part.sums["val/ratio"].item() == pytest.approx(3.1)
    squares = sum(math.log(r) ** 2 for r in (1.5, 0.5, 1.1))
    assert part.sums["policy/approxkl_avg"].item() == pytest.approx(squares / 2)


def test_a_clipped_ratio_has_no_gradient() -> None:
    new = torch.tensor([1.5, 0.5, 1.5, 0.5]).log().requires_grad_()
    policy_loss(new, torch.zeros(4), torch.tensor([1.0, 1.0, -1.0, -1.0]), 0.2, total=4).loss.backward()
    # d(−A·ρ)/d log ρ = −A·ρ; clipped where the ratio already went the way the advantage pulls
    assert new.grad.tolist() == pytest.approx([0.0, -0.5 / 4, 1.5 / 4, 0.0])


def test_value_loss_against_hand_values() -> None:
    # old 0, clip 0.2. new 1 → clipped 0.2. Return 2: max(1, 3.24) = 3.24. Return 0: max(1, 0.04) = 1.
    part = value_loss(torch.tensor([1.0, 1.0]), torch.zeros(2), torch.tensor([2.0, 0.0]), 0.2, total=2)
    assert part.loss.item() == pytest.approx(0.5 * (3.24 + 1.0) / 2)
    assert part.sums["val/clipfrac_avg"].item() == 1


def test_fixed_kl_coefficient_stays() -> None:
    controller = KLController(0.05)
    controller.update(100.0, 1000)
    assert controller.value == 0.05


def test_adaptive_kl_coefficient() -> None:
    controller = KLController(0.2, adaptive=True, target=6.0, horizon=10_000)
    controller.update(6.6, 500)  # error 0.1
    assert controller.value == pytest.approx(0.2 * (1 + 0.1 * 500 / 10_000))
    controller.value = 0.2
    controller.update(60.0, 500)  # clipped at +0.2
    assert controller.value == pytest.approx(0.2 * (1 + 0.2 * 500 / 10_000))
    controller.value = 0.2
    controller.update(0.0, 500)  # clipped at −0.2
    assert controller.value == pytest.approx(0.2 * (1 - 0.2 * 500 / 10_000))

"""Length bias against the formulas written out, and against counting all pairs of answers."""

import math

import numpy as np
import pytest

from ftwidgets.data.pairs.checks.length_bias import length_bias, wilson


def test_wilson_interval_as_published() -> None:
    # Newcombe 1998, table I, method 3: 81/263 and 15/148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert all(map(math.isnan, wilson(0, 0)))


def test_four_pairs_by_hand() -> None:
    bias = length_bias(np.array([5, 2, 7, 3]), np.array([1, 4, 7, 2]))
    assert (bias.pairs, bias.ties) == (4, 1)
    assert bias.accuracy == pytest.approx(2 / 3)  # of the three pairs of unlike length, two prefer the longer
    # Each against 1 4 7 2, ties half: 5 beats three; 2 beats one, ties one; 7 beats three, ties one; 3 beats two.
    assert bias.auc == pytest.approx((3 + 1.5 + 3.5 + 2) / 16)


def test_auc_interval_covers_as_it_says() -> None:
    """Paired lengths with a common part: the interval of the true AUC should hold in about 95 of 100 tries."""
    draw, true = np.random.default_rng(0), 0.5
    hits = 0
    for _ in range(400):
        shared = draw.normal(0, 1, 80)
        bias = length_bias(shared + draw.normal(0, 1, 80), shared + draw.normal(0, 1, 80))
        hits += bias.auc_low <= true <= bias.auc_high
    assert 0.91 <= hits / 400 <= 0.98


def test_strong_only_where_the_interval_says_so() -> None:
    few = length_bias(np.array([2, 2, 2, 1]), np.array([1, 1, 1, 2]))
    assert few.accuracy == 0.75
    assert not few.strong
    many = length_bias(np.full(100, 2), np.where(np.arange(100) < 75, 1, 3))
    assert many.accuracy == 0.75
    assert many.strong
    assert length_bias(np.zeros(0), np.zeros(0)).strong is False

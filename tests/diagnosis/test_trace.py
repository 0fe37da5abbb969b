"""A metric in a bounded number of buckets."""

import numpy as np
import pytest

from ftwidgets.diagnosis.trace import SIZE, Trace
from ftwidgets.diagnosis.trend import change, moving


def traced(values, portions=(1,)):
    trace, start = Trace(), 0
    while start < len(values):
        for size in portions:
            part = slice(start, start + size)
            trace.extend(np.arange(len(values), dtype=float)[part] + 1, values[part])
            start += size
    return trace


def test_a_short_metric_is_kept_as_it_is_and_what_is_no_number_is_passed_over():
    trace = traced(np.array([3.0, np.nan, 1.0, np.inf, 2.0]))
    assert trace.values.tolist() == [3, 1, 2] and trace.steps.tolist() == [1, 3, 5]
    assert (trace.first, trace.last, len(trace), trace.count) == (1, 5, 3, 3)


@pytest.mark.parametrize("length", [SIZE, SIZE + 1, 2 * SIZE + 3, 10_000])
@pytest.mark.parametrize("portions", [(1,), (7, 300, 2), (100_000,)])
def test_a_long_metric_is_means_of_equal_stretches_however_it_came(length, portions):
    values = np.random.default_rng(0).normal(size=length)
    trace = traced(values, portions)
    width = 1
    while length > SIZE * width:
        width *= 2
    assert np.allclose(trace.values, [values[i : i + width].mean() for i in range(0, length, width)])
    assert trace.steps.tolist() == [min(i + width, length) for i in range(0, length, width)]
    assert SIZE / 2 <= len(trace) <= SIZE


def test_a_change_is_told_from_noise_and_one_odd_value_hides_none():
    rng = np.random.default_rng(1)
    falling = 2 - 0.5 * np.linspace(0, 1, 60) + rng.normal(0, 0.05, 60)
    falling[50] = 40.0
    found = change(traced(falling))
    assert (
        found.fell() and found.before == pytest.approx(1.92, abs=0.05) and found.after == pytest.approx(1.58, abs=0.05)
    )
    still = change(traced(rng.normal(1, 0.1, 60)))
    assert not still.fell() and not still.rose()
    assert change(traced(np.ones(8))) is None


def test_moving_means_by_hand():
    assert moving(np.array([1.0, 2, 3, 6]), 3).tolist() == pytest.approx([2, 11 / 3])

"""A measured step in words."""

import pytest

from ftwidgets.memory import DeviceMemory, Measurement, MemoryEstimate
from ftwidgets.memory.measurement import pace, span

ESTIMATE = MemoryEstimate(6e9, 1e9, 0.5e9, 2e9, 0, 0, 0.5e9, 1, "cuda")  # 9.26 to 10.9 GB
CARD = DeviceMemory("cuda", "A card", 12e9, 11e9)


def measured(**more):
    usual = {
        "peak_bytes": 9.8e9, "seconds_per_step": 0.8, "seconds_longest": 1.2, "steps": 50, "longest_batch": (4, 512),
        "device": CARD, "how": "cuda", "estimate": ESTIMATE,
    }  # fmt: skip
    return Measurement(**(usual | more))


def test_beside_the_estimate_with_the_time_to_finish():
    found = measured()
    assert found.parts() == [
        "estimated 9.3 to 10.9 GB, measured 9.8 GB",
        "0.8 s a step, about 40 s for 50 steps",
        "longest batch 4 × 512 tokens",
    ]
    assert found.seconds_to_finish == pytest.approx(40) and found.longest_tokens == 2048 and found.fits
    assert str(found).startswith("Estimated 9.3") and "A card" in str(found) and "CUDA" in str(found)


def test_more_than_is_free():
    assert not measured(peak_bytes=11.5e9).fits
    assert "more than the 11.0 GB that are free" in measured(peak_bytes=11.5e9, estimate=None).parts()[0]


@pytest.mark.parametrize(("seconds", "words"), [(0.031, "0.03 s"), (1.94, "1.9 s"), (42.4, "42 s")])
def test_a_pace(seconds, words):
    assert pace(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (38.4, "38 s"), (720, "12 min"), (7800, "2 h 10 min"), (5990, "100 min")]
)
def test_a_span(seconds, words):
    assert span(seconds) == words

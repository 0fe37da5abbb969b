"""The memory bar: widths that add up, words beside colours, and changes to accept."""

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.memory import DeviceMemory, MemoryEstimate, estimate_memory, make_it_fit
from ftwidgets.models import Architecture, ModelCard
from ftwidgets.widgets.memory_bar import MemoryBar

ESTIMATE = MemoryEstimate(6e9, 1e9, 0.5e9, 2e9, 0, 0, 0.5e9, 1, "cuda")  # 10 GB, likely 9.26 to 10.9


def width(piece):
    return float(piece.layout.width.rstrip("%"))


def shown(widget):
    return widget.layout.display != "none" and widget.layout.visibility != "hidden"


@pytest.mark.parametrize(
    ("free", "verdict", "words"),
    [
        (20e9, "fits", "✓ fits: 10.0 of 20.0 GB free · likely 9.3 to 10.9 GB"),
        (10.5e9, "tight", "≈ tight: 10.0 of 10.5 GB free · likely 9.3 to 10.9 GB"),
        (8e9, "does not fit", "✕ does not fit: 10.0 of 8.0 GB free · likely 9.3 to 10.9 GB"),
    ],
)
def test_verdict_in_words(free, verdict, words):
    bar = MemoryBar()
    bar.update(ESTIMATE, free)
    assert (bar.verdict, bar._word.value) == (verdict, words)


def test_widths_are_shares_of_what_is_free():
    bar = MemoryBar()
    bar.update(ESTIMATE, 20e9)
    assert width(bar._segments["weights"]) == pytest.approx(30)
    assert width(bar._segments["activations"]) == pytest.approx(10)
    assert width(bar._free) == pytest.approx(50)
    assert not shown(bar._segments["rollouts"]) and not shown(bar._names["rollouts"])
    assert width(bar._before) == pytest.approx(100 * ESTIMATE.low / 20e9, abs=0.01)
    assert not shown(bar._edge) and not shown(bar._beyond)


def test_beyond_what_is_free_the_scale_is_the_estimates():
    bar = MemoryBar()
    bar.update(ESTIMATE, 5e9)
    parts = sum(width(piece) for piece in bar._segments.values() if shown(piece))
    assert parts == pytest.approx(100 * 10e9 / ESTIMATE.high, abs=0.05)
    assert width(bar._edge) == pytest.approx(100 * (1 - 5e9 / ESTIMATE.high), abs=0.01)
    assert shown(bar._beyond) and bar._beyond.value == "more than is free"


def test_parts_are_named_with_their_size_and_explained():
    bar = MemoryBar()
    bar.update(ESTIMATE, DeviceMemory("cuda", "NVIDIA A10", 24e9, 20e9))
    assert bar._names["weights"].value == "weights 6.0 GB"
    assert bar._segments["weights"].tooltip == "weights: 6.0 GB. The frozen model."
    assert "GB free on NVIDIA A10" in bar._word.value


def test_nothing_known():
    bar = MemoryBar()
    bar.update(ESTIMATE, 20e9)
    bar.update(None, 20e9)
    assert bar.verdict == "" and "not known" in bar._word.value and not shown(bar._drawn)


def test_make_it_fit_offers_changes_to_accept(tmp_path):
    a = Architecture("llama", hidden=2048, layers=16, heads=32, kv_heads=8, head_dim=64, mlp=8192, vocab=128256)
    card = ModelCard("m", tmp_path, architecture=a, parameters=a.parameters(), linears=a.linears())
    config = RunConfig(method="dpo", model="m", dataset="d", gradient_checkpointing=False)
    free = estimate_memory(config, gradient_checkpointing=True, model_card=card).high
    taken = []
    bar = MemoryBar(lambda: make_it_fit(config, free, model_card=card), taken.append)
    bar.update(estimate_memory(config, model_card=card), free)
    assert shown(bar._ask)
    bar._ask.click()
    line, buttons = bar._offer.children
    assert line.value.startswith("gradient_checkpointing: False → True")
    _accept, leave = buttons.children
    leave.click()
    assert bar._offer.children == () and taken == []
    bar._ask.click()
    bar._offer.children[1].children[0].click()
    assert taken == [{"gradient_checkpointing": True}] and bar._offer.children == ()


def test_a_model_that_is_too_large_has_nothing_to_accept(tmp_path):
    a = Architecture("llama", hidden=2048, layers=16, heads=32, kv_heads=8, head_dim=64, mlp=8192, vocab=128256)
    card = ModelCard("m", tmp_path, architecture=a, parameters=a.parameters(), linears=a.linears())
    config = RunConfig(method="sft", model="m", dataset="d")
    bar = MemoryBar(lambda: make_it_fit(config, 0.3e9, model_card=card), print)
    bar.update(estimate_memory(config, model_card=card), 0.3e9)
    bar._ask.click()
    *lines, buttons = bar._offer.children
    assert "Choose a smaller model" in lines[-1].value and len(buttons.children) == 1


def test_it_fits_so_nothing_is_asked():
    bar = MemoryBar(lambda: None)
    bar.update(ESTIMATE, 20e9)
    assert not shown(bar._ask)

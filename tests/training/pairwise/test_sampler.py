"""Batches of like length."""

from ftwidgets.training.pairwise.sampler import LengthSampler

LENGTHS = [(i * 37) % 101 for i in range(203)]


def batches(sampler, size=4):
    order = list(sampler)
    return [order[i : i + size] for i in range(0, len(order), size)]


def test_every_row_once():
    sampler = LengthSampler(LENGTHS, 4, seed=0)
    assert sorted(sampler) == list(range(203))
    assert len(sampler) == 203


def test_little_padding():
    padded = sum(max(LENGTHS[i] for i in batch) * len(batch) for batch in batches(LengthSampler(LENGTHS, 4, seed=0)))
    assert padded < 1.05 * sum(LENGTHS)


def test_the_longest_row_comes_first():
    assert max(LENGTHS[i] for i in batches(LengthSampler(LENGTHS, 4, seed=3))[0]) == max(LENGTHS)


def test_order_depends_on_seed_and_epoch_alone():
    sampler = LengthSampler(LENGTHS, 4, seed=0)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first
    other = LengthSampler(LENGTHS, 4, seed=0)
    other.set_epoch(1)
    assert list(other) == second


def test_fewer_rows_than_a_batch():
    assert sorted(LengthSampler([3, 1], 4, seed=0)) == [0, 1]

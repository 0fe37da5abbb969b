"""Lengths, hashes and similarity against counting by hand and a loop over rows."""

import random
from collections import Counter

import numpy as np
import pytest

from ftwidgets.data.pairs import PairStats, PairTable
from ftwidgets.data.pairs.stats import Cancelled

from .made import chat, strings


def stats_of(*rows: tuple[str, str, str]) -> PairStats:
    return PairStats(PairTable.of(strings(*rows)))


def test_lengths_are_characters_not_bytes() -> None:
    sizes = stats_of(("你好", "é", "😀!"), ("", "", "abc")).lengths()
    assert {side: values.tolist() for side, values in sizes.items()} == {
        "prompt": [2, 0],
        "chosen": [1, 0],
        "rejected": [2, 3],
    }


def test_similarity_is_the_share_of_words_counted_with_repetition() -> None:
    stats = stats_of(
        ("", "the cat sat on the mat", "the cat on a mat"),  # shared: the cat on mat = 4; 2*4 / (6 + 5)
        ("", "one two", "two  one\n"),
        ("", "我爱你", "我爱他"),  # two of three characters on either side
        ("", "", "  "),
        ("", "a", ""),
    )
    np.testing.assert_allclose(stats.similarity(), [8 / 11, 1, 2 / 3, 1, 0], rtol=1e-6)


def test_similarity_equals_a_loop_over_rows() -> None:
    draw = random.Random(0)
    rows = [("", *(" ".join(draw.choices("abcdefgh", k=draw.randint(0, 12))) for _ in range(2))) for _ in range(2500)]

    def dice(a: str, b: str) -> float:
        one, other = Counter(a.split()), Counter(b.split())
        total = one.total() + other.total()
        return 2 * (one & other).total() / total if total else 1.0

    np.testing.assert_allclose(stats_of(*rows).similarity(), [dice(a, b) for _, a, b in rows], rtol=1e-6)


def test_a_single_message_hashes_like_the_same_string() -> None:
    rows = [("q", "a", "b"), ("q", "b", "a"), ("r", "a", "a")]
    plain, turns = stats_of(*rows).hashes(), PairStats(PairTable.of(chat(*rows))).hashes()
    for one, other in zip(plain, turns, strict=True):
        np.testing.assert_array_equal(one, other)
    assert plain.pair[0] == plain.swapped[1] != plain.pair[1]
    assert plain.chosen[2] == plain.rejected[2]


def test_shared_prompts_are_counted() -> None:
    group, size = stats_of(("p", "a", "b"), ("q", "a", "b"), ("p", "c", "d")).prompt_groups()
    assert group[0] == group[2] != group[1]
    assert size[group].tolist() == [2, 1, 2]


def test_stopping_keeps_nothing_and_the_next_try_is_whole() -> None:
    stats = stats_of(("p", "a", "b"))

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        stats.lengths(stop)
    assert not stats.has("lengths")
    assert stats.lengths()["chosen"].tolist() == [1]


def test_no_rows_at_all() -> None:
    stats = PairStats(PairTable.of([]))
    assert stats.similarity().shape == stats.lengths()["chosen"].shape == stats.hashes().pair.shape == (0,)

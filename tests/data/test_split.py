"""Divisions by prompt, and prompts on both sides."""

import numpy as np
import pytest

from ftwidgets.data.prompt_keys import key_of, prompt_keys
from ftwidgets.data.split import held_out_rows, leakage
from ftwidgets.errors import FtwidgetsError


def keys(*numbers):
    return np.array(numbers, np.uint64)


def test_groups_stay_whole():
    openings = np.repeat(np.arange(50, dtype=np.uint64), 4)
    held = held_out_rows(openings, openings, 0.2, 0)
    assert held.sum() == 40
    assert np.unique(held.reshape(50, 4).sum(axis=1)).tolist() == [0, 4]


def test_the_division_does_not_depend_on_the_order():
    openings = np.random.default_rng(0).permutation(np.arange(100, dtype=np.uint64))
    held = held_out_rows(openings, openings, 0.1, 3)
    again = held_out_rows(openings[::-1].copy(), openings[::-1].copy(), 0.1, 3)
    assert set(openings[held]) == set(openings[::-1][again])


def test_one_row_at_least_is_held_out_and_at_most_what_was_asked():
    assert held_out_rows(keys(1, 2, 3), keys(1, 2, 3), 0.01, 0).sum() == 1
    assert held_out_rows(keys(*range(1000)), keys(*range(1000)), 0.5, 0, most=20).sum() == 20


def test_nothing_can_be_held_out_of_one_prompt():
    assert not held_out_rows(keys(7, 7, 7), keys(7, 7, 7), 0.5, 0).any()
    assert not held_out_rows(keys(), keys(), 0.5, 0).any()
    assert not held_out_rows(keys(1, 2), keys(1, 2), 0.0, 0).any()


def test_where_all_conversations_open_alike_the_whole_prompt_divides():
    openings, prompts = keys(*[5] * 20), keys(*range(20))
    assert held_out_rows(openings, prompts, 0.2, 0).sum() == 4


def test_a_group_larger_than_wanted_is_passed_over():
    # 6 rows of one prompt and 14 alone; 2 are wanted
    openings = keys(*[1] * 6, *range(10, 24))
    for seed in range(8):
        assert 2 <= held_out_rows(openings, openings, 0.1, seed).sum() <= 8


def test_a_share_of_one_is_refused():
    with pytest.raises(FtwidgetsError, match="test_size=1"):
        held_out_rows(keys(1, 2), keys(1, 2), 1.0, 0)


def test_leakage_gives_both_positions():
    found = leakage(keys(10, 11, 12, 11), keys(12, 9, 11))
    assert found.held_out.tolist() == [0, 2]
    assert found.train.tolist() == [2, 1]
    assert len(leakage(keys(), keys(1))) == 0


def test_prompts_differing_in_case_space_and_width_are_equal():
    assert key_of("  What IS\n it?") == key_of("what is it?")
    assert key_of("ＡＢＣ　１") == key_of("abc 1")
    assert key_of("Straße") == key_of("STRASSE")
    assert key_of("a b") != key_of("ab")


def test_longer_versions_of_a_conversation_share_their_opening():
    short = [{"role": "user", "content": "q"}]
    long = [*short, {"role": "assistant", "content": "a"}, {"role": "user", "content": "more"}]
    (opening, whole), (opening_of_long, whole_of_long) = prompt_keys({"prompt": short}), prompt_keys({"prompt": long})
    assert opening == whole == opening_of_long != whole_of_long
    answered = {"messages": [*long, {"role": "assistant", "content": "z"}]}
    assert prompt_keys(answered) == prompt_keys({"prompt": long})

"""Shared rows and two rows, token by token."""

import torch

from ftwidgets.training.pairwise.layout import Pair, Segment, SharedRow, shared_row, two_rows

ONE = Pair([1, 2, 3], [4, 5], [6])
TWO = Pair([7, 8], [9], [10, 11])


def test_cut_keeps_the_start():
    assert Pair.cut([1, 2, 3], [4, 5], [6, 7, 8], 5) == Pair([1, 2, 3], [4, 5], [6, 7])
    assert Pair.cut([1, 2, 3], [4, 5], [6], None) == ONE
    assert Pair.cut([1, 2, 3], [4, 5], [6], 3).scored == (0, 0)


def test_two_rows():
    inputs, scored = two_rows([ONE, TWO], pad=0)
    assert inputs["input_ids"].tolist() == [[1, 2, 3, 4, 5], [7, 8, 9, 0, 0], [1, 2, 3, 6, 0], [7, 8, 10, 11, 0]]
    assert inputs["attention_mask"].tolist() == [[1] * 5, [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]
    assert scored.targets == [4, 5, 9, 6, 10, 11]
    assert scored.lengths == [2, 1, 1, 2]
    read = inputs["input_ids"].flatten()[torch.tensor(scored.places)].tolist()
    assert read == [3, 4, 8, 3, 8, 10]  # the token before each target


def test_shared_row():
    inputs, row, scored = shared_row([ONE, TWO])
    assert inputs["input_ids"].tolist() == [[1, 2, 3, 4, 5, 3, 6, 7, 8, 9, 8, 10, 11]]
    assert inputs["position_ids"].tolist() == [[0, 1, 2, 3, 4, 2, 3, 0, 1, 2, 1, 2, 3]]
    assert row.segments == (Segment(5), Segment(2, 2), Segment(3), Segment(3, 1))
    assert scored.targets == [4, 5, 9, 6, 10, 11]
    assert scored.lengths == [2, 1, 1, 2]
    read = inputs["input_ids"].flatten()[torch.tensor(scored.places)].tolist()
    assert read == [3, 4, 8, 3, 8, 10]
    assert ONE.tokens + TWO.tokens == inputs["input_ids"].numel()


def test_prompts_are_scored_in_the_chosen_row():
    for inputs, scored in (two_rows([ONE, TWO], pad=0, prompts=True), shared_row([ONE, TWO], prompts=True)[::2]):
        assert scored.targets[-3:] == [2, 3, 8]
        assert scored.lengths[-2:] == [2, 1]
        read = inputs["input_ids"].flatten()[torch.tensor(scored.places)].tolist()
        assert read[-3:] == [1, 2, 7]


def test_without_a_prompt_the_first_token_is_not_scored():
    bare = Pair([], [4, 5], [6, 7])
    assert bare.scored == (1, 1)
    for inputs, scored in (two_rows([bare], pad=0), shared_row([bare])[::2]):
        assert scored.targets == [5, 7]
        assert inputs["input_ids"].flatten()[torch.tensor(scored.places)].tolist() == [4, 6]


def test_masks_count_positions():
    row = SharedRow(())
    device = torch.device("cpu")
    assert row.mask(Segment(4), None, device) is None
    assert row.mask(Segment(4), 4, device) is None
    # Three tokens after a shared prefix of two; each sees itself and one token before it.
    mask = row.mask(Segment(3, 2), 2, device)
    assert mask.int().tolist() == [[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]
    assert row.mask(Segment(3, 2), 2, device) is mask
    assert row.mask(Segment(2, 1), None, device).int().tolist() == [[1, 1, 0], [1, 1, 1]]

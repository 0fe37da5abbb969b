from collections import Counter

from ftwidgets.training.ppo.order import PromptOrder, minibatch_order, seed_for


def test_every_prompt_each_epoch_and_updates_are_whole() -> None:
    order = PromptOrder(count=5, size=2, repeats=3, seed=0)
    indices = list(order)
    assert len(indices) == len(order) == 3 * 2 * 3
    updates = [indices[start : start + 6] for start in range(0, 18, 6)]
    assert all(update[:2] * 3 == update for update in updates)
    assert set(indices) == set(range(5))


def test_fewer_prompts_than_an_update_takes() -> None:
    assert Counter(PromptOrder(count=2, size=5, repeats=1, seed=0)).total() == 5


def test_epochs_differ_and_repeat_by_seed() -> None:
    def epoch(number: int, seed: int) -> list[int]:
        order = PromptOrder(count=50, size=10, repeats=1, seed=seed)
        order.set_epoch(number)
        return list(order)

    assert epoch(1, 0) == epoch(1, 0)
    assert epoch(0, 0) != epoch(1, 0)
    assert epoch(0, 0) != epoch(0, 1)


def test_minibatches_are_shuffled_and_sorted_within() -> None:
    lengths = [9, 3, 7, 1, 8, 2, 6, 5]
    order = minibatch_order(lengths, 4, seed=1)
    assert sorted(order) == list(range(8))
    for start in (0, 4):
        assert [lengths[i] for i in order[start : start + 4]] == sorted(lengths[i] for i in order[start : start + 4])
    assert minibatch_order(lengths, 4, seed=1) == order != minibatch_order(lengths, 4, seed=2)


def test_seeds_of_positions_differ() -> None:
    seeds = {seed_for(seed, update, epoch) for seed in range(5) for update in range(50) for epoch in range(4)}
    assert len(seeds) == 1000

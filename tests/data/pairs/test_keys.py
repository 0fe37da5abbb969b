"""A pair is known by what it says, each copy by its number."""

from ftwidgets.data.pairs import PairKeys, PairStats, PairTable, pair_key

from .made import chat, strings

ROWS = [("q", "a", "b"), ("q", "b", "a"), ("q", "a", "b"), ("", "", ""), ("q", "a", "b")]


def keys_of(rows: list[dict]) -> PairKeys:
    return PairKeys(PairStats(PairTable.of(rows)))


def test_keys_survive_reordering_and_the_other_form() -> None:
    keys = keys_of(strings(*ROWS))
    names = [keys.key(at) for at in range(5)]
    assert len(set(names)) == 5
    assert names[2] == f"{names[0]}-2"
    assert names[4] == f"{names[0]}-3"
    assert names[0] == pair_key(strings(*ROWS)[0])
    order = [3, 1, 0, 4, 2]
    found = keys_of(chat(*(ROWS[at] for at in order))).positions(names)
    assert found == {names[0]: 2, names[1]: 1, names[2]: 3, names[3]: 0, names[4]: 4}


def test_keys_of_other_data_are_left_out() -> None:
    keys = keys_of(strings(*ROWS))
    gone = [pair_key(strings(("x", "y", "z"))[0]), f"{keys.key(0)}-9", "not a key", "", "g" * 48, f"{keys.key(0)}-x"]
    assert keys.positions(gone) == {}
    assert keys_of([]).positions([keys.key(0)]) == {}

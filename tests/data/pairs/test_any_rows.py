"""Whatever the texts are, what stands on hashes and words equals the same thing said in plain Python."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftwidgets.data.pairs import Decision, PairKeys, PairStats, PairTable, decided, lint

# Few different texts, so that copies and contradictions happen; any character, unpaired surrogates among them.
TEXTS = st.one_of(st.sampled_from(["", "a", "b", "a b", " ", "\x00", "你好"]), st.text(st.characters(), max_size=6))
ROWS = st.lists(st.fixed_dictionaries({"prompt": TEXTS, "chosen": TEXTS, "rejected": TEXTS}), max_size=12)


def clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def chat(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{side: [{"role": "user", "content": text}] for side, text in row.items()} for row in rows]


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_lint_equals_a_loop_over_pairs(rows: list[dict[str, str]]) -> None:
    plain = [tuple(clean(row[side]) for side in ("prompt", "chosen", "rejected")) for row in rows]
    wanted = {
        "identical": [at for at, (_, c, r) in enumerate(plain) if c == r],
        "duplicate": [at for at, pair in enumerate(plain) if pair in plain[:at]],
        "contradiction": [at for at, (p, c, r) in enumerate(plain) if c != r and (p, r, c) in plain],
    }
    for given_rows in (rows, chat(rows)):
        report = lint(given_rows)
        assert {check: report[check].positions.tolist() for check in wanted} == wanted
        assert report.flags.shape == (len(rows),)
        repr(report)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms())
def test_decisions_find_their_pairs_again(rows: list[dict[str, str]], draw: Any) -> None:
    keys = PairKeys(PairStats(PairTable.of(rows)))
    names = [keys.key(at) for at in range(len(rows))]
    assert len(set(names)) == len(rows)
    shuffled = list(range(len(rows)))
    draw.shuffle(shuffled)
    again = PairTable.of([rows[at] for at in shuffled])
    found = PairKeys(PairStats(again)).positions(names)
    # Copies are alike, so which of them a copy's key names is all the same.
    assert sorted(found.values()) == list(range(len(rows)))
    for name, at in zip(names, range(len(rows)), strict=True):
        assert again.row(found[name]) == PairTable.of(rows).row(at)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.sampled_from([None, "keep", "drop", "swap", "tie"]), min_size=12, max_size=12))
def test_the_result_equals_a_loop_over_decisions(rows: list[dict[str, str]], verdicts: list[Any]) -> None:
    decisions = {at: Decision("", at, verdicts[at]) for at in range(len(rows))}
    wanted = []
    for at, row in enumerate(rows):
        pair = [clean(row[side]) for side in ("prompt", "chosen", "rejected")]
        if verdicts[at] == "swap":
            pair[1:] = pair[:0:-1]
        if verdicts[at] not in ("drop", "tie"):
            wanted.append([at, *pair])
    result = decided(PairTable.of(rows), decisions)
    assert [[row["row_id"], row["prompt"], row["chosen"], row["rejected"]] for row in result] == wanted


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_numbers_are_what_python_counts(rows: list[dict[str, str]]) -> None:
    stats = PairStats(PairTable.of(rows))
    assert stats.lengths()["chosen"].tolist() == [len(clean(row["chosen"])) for row in rows]
    alike = stats.similarity()
    assert np.all((alike >= 0) & (alike <= 1))
    same = [at for at, row in enumerate(rows) if clean(row["chosen"]) == clean(row["rejected"])]
    assert np.all(alike[same] == 1)

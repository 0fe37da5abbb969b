"""Broken files and hostile cells: nothing but `FtwidgetsError` comes out, and rows keep their numbers.

The same examples are drawn each time; `FTWIDGETS_FUZZ=20000 pytest tests/data/test_fuzz.py` draws others, and more.
"""

import json
import os

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftwidgets.data.detection import detect
from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.data.pairs import DecisionLog, lint
from ftwidgets.data.pairs.reading import read_pairs
from ftwidgets.data.prepare import prepare
from ftwidgets.data.problems import Problem
from ftwidgets.data.sources import open_source
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.pair_viewer import answers
from ftwidgets.widgets.pair_viewer.session import PairSession

MORE = int(os.environ.get("FTWIDGETS_FUZZ") or 0)
BOUNDED = settings(
    max_examples=MORE or 250,
    derandomize=not MORE,
    deadline=None if MORE else 5000,  # ms: a hang is a fault too
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["Human: hi\n\nAssistant: ho", '[{"role": "user"}]', "{", "<script>", "\ud800", "\0", "\u202e"])
)  # fmt: skip
turns = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "x", None]),
        "content": scalars,
        "from": scalars,
        "value": scalars,
    },
)
cells = st.recursive(
    scalars | st.lists(turns, max_size=4) | turns,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["prompt", "chosen", "rejected", "messages", "conversations", "text", "instruction", "output", "completion",
     "label", "responses", "scores", "response_a", "response_b", "winner", "system", "history",
     "问题", "回答", "", "x.y"]
)  # fmt: skip
rows = st.lists(st.dictionaries(names, cells, max_size=5), max_size=6)
methods = st.sampled_from(["sft", "dpo", "ppo", "pretrain"])


def attempt(config, path, method):
    try:
        prepared = prepare(config(path, method))
    except FtwidgetsError as error:
        assert str(error)
        return
    ids = list(prepared.train["row_id"])
    assert len(ids) == len(prepared.train)
    for problem in prepared.problems:
        assert problem.message and not (problem.skipped and problem.row in ids)


@BOUNDED
@given(rows, methods)
def test_rows_of_any_kind(config, rows, method):
    try:
        prepare(config("kernel", method), rows=rows)
    except FtwidgetsError as error:
        assert str(error)


@BOUNDED
@given(rows)
@example([{"prompt": [{"role": "user", "value": 2**63}]}])  # a number that Arrow has no room for
def test_pairs_of_any_rows_are_shown_or_refused(rows):
    try:
        table, _ = read_pairs(rows)
    except FtwidgetsError as error:
        assert str(error)
        return
    session = PairSession(table, DecisionLog(None, "me"))
    json.dumps(answers.rows(session, 0, 10), allow_nan=False)
    for position in range(len(table)):
        json.dumps(answers.pair(session, position), allow_nan=False)
    for found in lint(table).findings:
        json.dumps(answers.finding(found), allow_nan=False)


@BOUNDED
@given(rows)
def test_detection_of_any_rows(rows):
    try:
        found = detect(source_of_object(rows))
    except FtwidgetsError:
        return
    assert 0 <= found.confidence <= 1 and found.explain()


def damaged(text: bytes):
    """A file with some bytes cut, replaced or repeated."""
    position = st.integers(0, len(text))
    cut = position.map(lambda at: text[:at])
    changed = st.tuples(position, st.binary(max_size=3)).map(lambda p: text[: p[0]] + p[1] + text[p[0] + 1 :])
    repeated = st.tuples(position, position).map(lambda p: text[: max(p)] + text[min(p) :])
    return cut | changed | repeated


ROWS = [
    {"prompt": f"q{i} ä 问", "chosen": [{"role": "assistant", "content": "a\n"}], "rejected": "b"} for i in range(4)
]
JSON = json.dumps(ROWS, indent=1, ensure_ascii=False).encode()
LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
CSV = b'prompt,completion,prompt\n"a ""b""","c\nd",e\nf,g,h\n'


@BOUNDED
@given(st.sampled_from([".json", ".jsonl", ".csv", ".txt", ".parquet", ".arrow"]), st.binary(max_size=200), methods)
def test_files_of_any_bytes(config, tmp_path, suffix, content, method):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    attempt(config, path, method)


@BOUNDED
@given(
    st.one_of(
        damaged(JSON).map(lambda text: (".json", text)),
        damaged(LINES).map(lambda text: (".jsonl", text)),
        damaged(CSV).map(lambda text: (".csv", text)),
    ),
    methods,
)
def test_damaged_files(config, tmp_path, file, method):
    path = tmp_path / f"a{file[0]}"
    path.write_bytes(file[1])
    attempt(config, path, method)


@BOUNDED
@given(damaged(JSON))
def test_numbers_of_rows_and_skipped_rows_run_on_without_a_gap(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_bytes(text)
    try:
        items = list(open_source(path).rows())
    except FtwidgetsError:
        return
    numbers = [i.row if isinstance(i, Problem) else i.number for i in items if not isinstance(i, Problem) or i.skipped]
    assert numbers == list(range(len(numbers)))

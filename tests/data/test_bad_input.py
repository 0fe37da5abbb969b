"""Every known kind of bad input is named with its row and a way out, and the good rows remain."""

import json

import pandas as pd
import pytest

from ftwidgets.data.prepare import prepare
from ftwidgets.errors import FtwidgetsError

GOOD = {"prompt": "q", "chosen": "good", "rejected": "bad"}
CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
FILES = {
    "truncated JSON": (
        "a.json",
        json.dumps([GOOD | {"prompt": f"q{i}"} for i in range(3)], indent=1)[:-40].encode(),
        "dpo",
        [0, 1],
        r"line 1\d",
    ),
    "a truncated line": ("a.jsonl", [GOOD, '{"prompt": "q", "cho', GOOD], "dpo", [0, 2], r"row 1, line 2.*cut off"),
    "mixed types": ("a.jsonl", [GOOD, GOOD | {"chosen": 5}, GOOD], "dpo", [0, 2], r"row 1.*chosen"),
    "sides of unlike type": (
        "a.jsonl",
        [GOOD, GOOD | {"chosen": [{"role": "assistant", "content": "good"}]}, GOOD],
        "dpo",
        [0, 2],
        r"row 1.*",
    ),
    "a null cell": ("a.jsonl", [GOOD, GOOD | {"rejected": None}, GOOD], "dpo", [0, 2], r"row 1.*rejected"),
    "a nested null": (
        "a.jsonl",
        [CHAT, {"messages": [CHAT["messages"][0], {"role": "assistant", "content": None}]}, CHAT],
        "sft",
        [0, 2],
        r"row 1",
    ),
    "a null turn": ("a.jsonl", [CHAT, {"messages": [CHAT["messages"][0], None]}, CHAT], "sft", [0, 2], r"row 1"),
    "no assistant turn": ("a.jsonl", [CHAT, {"messages": CHAT["messages"][:1]}], "sft", [0], r"row 1"),
    "ends with the user": (
        "a.jsonl",
        [CHAT, {"messages": [*CHAT["messages"], CHAT["messages"][0]]}],
        "sft",
        [0, 1],
        r"row 1",
    ),
    "a byte order mark": ("a.jsonl", b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "dpo", [0], None),
    "UTF-16": ("a.jsonl", json.dumps(GOOD).encode("utf-16"), "dpo", [0], None),
    "a Western encoding": (
        "a.jsonl",
        "\n".join(json.dumps(GOOD | {"chosen": "déjà à côté"}, ensure_ascii=False) for _ in range(3)).encode("cp1252"),
        "dpo",
        [0, 1, 2],
        r"not UTF-8.*cp1252.*save it as UTF-8",
    ),
    "a damaged byte": (
        "a.jsonl",
        f'{{"prompt": "q", "chosen": "{"déjà " * 20}", "rejected": "b"}}\n'.encode()
        + b'{"prompt": "q", "chosen": "good", "rejected": "b\xff"}',
        "dpo",
        None,
        r"row 1",
    ),
    "a repeated column": ("a.csv", b"prompt,completion,prompt\nq,a,z\n", "sft", [0], r"Two columns.*'prompt'.*Rename"),
    "too few cells": ("a.csv", b"prompt,completion\nq,a\nq\n", "sft", [0], r"row 1, line 3.*quotes"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_fault_is_named_and_good_rows_remain(name, tmp_path, config):
    file, content, method, kept, said = FILES[name]
    path = tmp_path / file
    if not isinstance(content, bytes):
        content = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in content).encode()
    path.write_bytes(content)
    prepared = prepare(config(path, method))
    if kept is not None:
        assert list(prepared.train["row_id"]) == kept
    problems = [str(problem) for problem in prepared.problems]
    if said is None:
        assert problems == []
        return
    assert pd.Series(problems).str.contains(said, regex=True).any(), problems
    assert all(problem.suggestion or problem.kind == "unpaired answer" for problem in prepared.problems), problems
    if prepared.problems.skipped_rows:  # whoever does not agree to leave rows out is told the first and the way out
        with pytest.raises(FtwidgetsError, match="skip_bad_rows=True"):
            prepare(config(path, method, skip_bad_rows=False))


def test_repeated_columns_of_a_frame(config):
    frame = pd.DataFrame([["q", "a", "z"]], columns=["prompt", "completion", "prompt"])
    prepared = prepare(config("kernel", "sft"), rows=frame)
    assert "Two columns are called 'prompt'" in str(prepared.problems[0])


def test_a_file_too_large_for_the_disk_is_refused_with_the_reason(tmp_path, config, monkeypatch):
    """What does not fit into memory goes to disk; at the edge of the disk it stops before the disk is full."""
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("ftwidgets.data.example_store.IN_MEMORY", 3000)
    monkeypatch.setattr("ftwidgets.data.example_store._BATCH", 1000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(GOOD | {"prompt": f"question {i} " + "x" * 50}) for i in range(200)))
    monkeypatch.setattr("ftwidgets.data.example_store.shutil.disk_usage", lambda _: usage(10**6, 0, 10**6))
    assert len(prepare(config(path, "dpo")).train) == 200
    monkeypatch.setattr("ftwidgets.data.example_store.shutil.disk_usage", lambda _: usage(10**6, 10**6, 2000))
    with pytest.raises(FtwidgetsError, match=r"No room to write the examples.*set TMPDIR.*max_samples"):
        prepare(config(path, "dpo"))


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_a_large_file_is_read_in_a_little_memory(tmp_path, suffix):
    """Streamed: what is held does not grow with the file."""
    import tracemalloc

    from ftwidgets.data import open_source

    row = {"prompt": "q" * 2000, "completion": "a" * 2000}
    path = tmp_path / f"a{suffix}"
    with path.open("w", encoding="utf-8") as file:
        if suffix == ".csv":
            file.write("prompt,completion\n" + "\n".join(f"{row['prompt']},{row['completion']}" for _ in range(5000)))
        else:
            lines = (",\n" if suffix == ".json" else "\n").join([json.dumps(row)] * 5000)
            file.write(f"[{lines}]" if suffix == ".json" else lines)
    assert path.stat().st_size > 20e6
    tracemalloc.start()
    rows = sum(1 for _ in open_source(str(path)).rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 5000
    assert peak < 8e6, f"{peak / 1e6:.1f} MB held of a file of {path.stat().st_size / 1e6:.0f} MB"

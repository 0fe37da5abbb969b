"""Every kind of source gives numbered rows, and every kind of damage a problem with its place."""

import gzip
import json
import re

import datasets
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftwidgets.data.kernel_objects import offered, source_of_object
from ftwidgets.data.problems import Problem
from ftwidgets.data.sources import open_source
from ftwidgets.errors import FtwidgetsError

ROWS = [{"prompt": f"q{i}", "completion": f"answer {i}"} for i in range(5)]


def read(source):
    items = list(source.rows())
    rows = [item for item in items if not isinstance(item, Problem)]
    return rows, [item for item in items if isinstance(item, Problem)]


def save(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


LINES = "\n".join(json.dumps(row) for row in ROWS)
FILES = {
    "a.json": json.dumps(ROWS),
    "indented.json": json.dumps(ROWS, indent=2),
    "lines.json": LINES,
    "columns.json": json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    "wrapped.json": json.dumps({"version": "1", "data": ROWS}),
    "pandas.json": json.dumps({name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]}),
    "a.jsonl": LINES,
    "blank.jsonl": "\n\n" + LINES.replace("\n", "\n \n") + "\n",
    "list.jsonl": json.dumps(ROWS, indent=1),
    "indented objects.jsonl": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "a.csv": "prompt,completion\n" + "\n".join(f"q{i},answer {i}" for i in range(5)),
    "semicolons.csv": "prompt;completion\n" + "\n".join(f'q{i};"answer {i}"' for i in range(5)),
    "a.tsv": "prompt\tcompletion\n" + "\n".join(f"q{i}\tanswer {i}" for i in range(5)),
}


@pytest.mark.parametrize("name", FILES)
def test_text_files(tmp_path, name):
    rows, problems = read(open_source(save(tmp_path / name, FILES[name])))
    assert [row.cells for row in rows] == ROWS
    assert [row.number for row in rows] == [0, 1, 2, 3, 4]
    assert not problems


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_encodings(tmp_path, name, encoding):
    rows = [{"prompt": f"天空为什么是蓝色的？第{i}题", "completion": "因为大气散射了阳光。"} for i in range(20)]
    text = {
        "a.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
        "a.json": json.dumps(rows, ensure_ascii=False, indent=1),
        "a.csv": "prompt,completion\n" + "\n".join(",".join(row.values()) for row in rows),
    }[name]
    found, problems = read(open_source(save(tmp_path / name, text, encoding)))
    assert [row.cells for row in found] == rows
    guessed = encoding in ("gb18030", "utf-16-le")
    assert [problem.kind for problem in problems] == ["encoding"] * guessed
    if guessed:
        assert encoding in problems[0].message


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_encodings(tmp_path, encoding):
    text = "prompt,completion\n" + "Où est le café ?,À côté de l'église.\n" * 5
    rows, (problem,) = read(open_source(save(tmp_path / "a.csv", text, encoding)))
    assert rows[0].cells == {"prompt": "Où est le café ?", "completion": "À côté de l'église."}
    assert "cp1252" in problem.message


def test_a_damaged_byte_in_a_utf8_file_is_left_to_its_row(tmp_path):
    lines = [json.dumps({"text": f"größer {i}"}, ensure_ascii=False).encode() for i in range(50)]
    lines[7] = lines[7].replace("ö".encode(), b"\xff")
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    rows, problems = read(open_source(tmp_path / "a.jsonl"))
    assert len(rows) == 50 and not problems
    assert "\udcff" in rows[7].cells["text"]


def test_compressed(tmp_path):
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.write(LINES)
    assert [row.cells for row in read(open_source(tmp_path / "a.jsonl.gz"))[0]] == ROWS
    (tmp_path / "b.jsonl.gz").write_bytes((tmp_path / "a.jsonl.gz").read_bytes()[:-12])
    with pytest.raises(FtwidgetsError, match=r"b\.jsonl\.gz"):
        read(open_source(tmp_path / "b.jsonl.gz"))


def test_parquet_and_arrow(tmp_path):
    table = pa.Table.from_pylist(ROWS)
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    pd.DataFrame(ROWS).to_feather(tmp_path / "a.feather")
    for name in ("a.parquet", "a.arrow", "a.feather"):
        assert [row.cells for row in read(open_source(tmp_path / name))[0]] == ROWS
    assert open_source(tmp_path / "a.parquet").length == 5


def test_text_is_paragraphs_or_lines(tmp_path):
    path = save(tmp_path / "a.txt", "One\ntwo.\n\n\nThree.\n")
    assert [(row.cells["text"], row.line) for row in read(open_source(path))[0]] == [("One\ntwo.", 1), ("Three.", 5)]
    path = save(tmp_path / "b.txt", "One.\nTwo.\n")
    assert [(row.cells["text"], row.line) for row in read(open_source(path))[0]] == [("One.", 1), ("Two.", 2)]


def test_folders(tmp_path):
    save(tmp_path / "b.jsonl", LINES)
    (tmp_path / "sub").mkdir()
    save(tmp_path / "sub" / "a.csv", FILES["a.csv"])
    save(tmp_path / "README.md", "not data")
    save(tmp_path / "broken.json", "")
    rows, problems = read(open_source(tmp_path))
    assert [row.cells for row in rows] == ROWS * 2
    assert (rows[5].number, rows[5].line, rows[5].file) == (5, 2, "sub/a.csv")
    assert [(problem.kind, problem.file) for problem in problems] == [("unreadable file", "broken.json")]


def test_a_dataset_saved_to_disk(tmp_path):
    datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS)).save_to_disk(str(tmp_path / "saved"))
    assert [row.cells for row in read(open_source(tmp_path / "saved"))[0]] == ROWS
    with pytest.raises(FtwidgetsError, match=r"no split 'test'\. It has: train"):
        open_source(tmp_path / "saved", split="test")


OBJECTS = {
    "pandas": pd.DataFrame(ROWS),
    "polars": pl.DataFrame(ROWS),
    "polars lazy": pl.LazyFrame(ROWS),
    "arrow": pa.Table.from_pylist(ROWS),
    "dataset": datasets.Dataset.from_list(ROWS),
    "dataset dict": datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS)),
    "iterable": datasets.Dataset.from_list(ROWS).to_iterable_dataset(),
    "list": ROWS,
    "dict": {name: [row[name] for row in ROWS] for name in ROWS[0]},
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects_of_the_kernel(kind):
    rows, problems = read(open_source(OBJECTS[kind]))
    assert [row.cells for row in rows] == ROWS and not problems


def test_pandas_missing_values_and_repeated_columns():
    frame = pd.DataFrame([["a", None, 1.5], ["b", "c", float("nan")]], columns=["x", "y", "x"])
    rows, (problem,) = read(source_of_object(frame))
    assert [row.cells for row in rows] == [{"x": "a", "y": None, "x.2": 1.5}, {"x": "b", "y": "c", "x.2": None}]
    assert problem.kind == "duplicate column" and "'x'" in problem.message


def test_variables_that_hold_rows_are_offered():
    found = offered({"df": OBJECTS["pandas"], "_hidden": OBJECTS["pandas"], "rows": ROWS, "number": 3, "names": ["a"]})
    assert found == {"df": "pandas, 5 rows: prompt, completion", "rows": "list, 5 rows: prompt, completion"}


def test_truncated_json_says_where_and_keeps_what_came_before(tmp_path):
    text = json.dumps(ROWS, indent=2)
    path = save(tmp_path / "a.json", text[: text.index("answer 3")])
    rows, problems = read(open_source(path))
    assert [row.cells for row in rows] == ROWS[:3]
    assert (problems[0].kind, problems[0].row, problems[0].line) == ("truncated file", 3, 14)
    assert "line 16" in problems[0].message  # where the text breaks off
    rows, problems = read(open_source(save(tmp_path / "b.json", text[:-2])))
    assert len(rows) == 5 and problems[0].kind == "truncated file" and problems[0].line == 21


def test_a_fault_inside_json_costs_one_row(tmp_path):
    text = json.dumps(ROWS, indent=2).replace('"answer 2"', '"answer "2"')
    rows, (problem,) = read(open_source(save(tmp_path / "a.json", text)))
    assert [row.cells["prompt"] for row in rows] == ["q0", "q1", "q3", "q4"]
    assert [row.number for row in rows] == [0, 1, 3, 4]
    assert (problem.row, problem.line) == (2, 10) and "line 12" in problem.message


def test_recovery_does_not_take_a_chat_turn_for_a_row(tmp_path):
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    text = json.dumps([{"messages": turns}] * 4, indent=1)
    broken = text.replace('"content": "q"', '"content": q', 1)
    rows, problems = read(open_source(save(tmp_path / "a.json", broken)))
    assert [row.cells for row in rows] == [{"messages": turns}] * 3
    assert len(problems) == 1


def test_bad_lines(tmp_path):
    lines = [*LINES.split("\n"), "[1, 2]", "null", '{"prompt": "x", "prompt": "y"}', "[" * 100_000, '{"a": NaN}', "{"]
    rows, problems = read(open_source(save(tmp_path / "a.jsonl", "\n".join(lines))))
    assert len(rows) == 7 and rows[5].cells == {"prompt": "y"}
    assert [(p.kind, p.row, p.line) for p in problems] == [
        ("not an object", 5, 6),
        ("not an object", 6, 7),
        ("duplicate column", None, 8),
        ("invalid JSON", 8, 9),
        ("invalid JSON", 10, 11),
    ]


def test_csv_with_wrong_cells_and_repeated_names(tmp_path):
    text = 'a,b,a\n1,2,3\n1,2\n"x\ny",2,3\n'
    rows, problems = read(open_source(save(tmp_path / "a.csv", text)))
    assert [row.cells for row in rows] == [{"a": "1", "b": "2", "a.2": "3"}, {"a": "x\ny", "b": "2", "a.2": "3"}]
    assert [(p.kind, p.row, p.line) for p in problems] == [
        ("duplicate column", None, None),
        ("wrong number of cells", 1, 3),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.json", b"\x00\x01\x02\xff\xfe\x00\x80\x81" * 99, "not text"),
        ("a.parquet", b"PAR1 no", "not a readable Parquet"),
        ("a.arrow", b"ARROW1 no", "not a readable Arrow"),
        ("a.xlsx", b"PK", "are not read"),
        ("a.csv", b"\n\n", "no header"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, text, message):
    (tmp_path / name).write_bytes(text)
    with pytest.raises(FtwidgetsError, match=message):
        read(open_source(tmp_path / name))


def test_a_missing_file_suggests_its_neighbour(tmp_path):
    save(tmp_path / "pairs.jsonl", LINES)
    with pytest.raises(FtwidgetsError, match=r"no file .*pair\.jsonl.*Did you mean pairs\.jsonl"):
        open_source(tmp_path / "pair.jsonl")
    with pytest.raises(FtwidgetsError, match=r"folder .*nowhere does not exist"):
        open_source(str(tmp_path / "nowhere" / "a.json"))
    with pytest.raises(FtwidgetsError, match="no file"):
        open_source("data/more/a")
    with pytest.raises(FtwidgetsError, match=r"not a path|no file"):
        open_source("a\0b")


def test_the_hub_out_of_reach_is_explained(monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(FtwidgetsError, match=r"someone/some-pairs.*cannot be reached"):
        open_source("someone/some-pairs")


def test_without_a_network_the_hub_is_given_up_at_once(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: pytest.fail("the library was asked"))
    with pytest.raises(FtwidgetsError, match="cannot be reached"):
        open_source("someone/some-pairs")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' is a gated dataset on the Hub."),
            "gated.*hf auth login",
        ),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' doesn't exist on the Hub."), "neither a file here"),
        (RuntimeError("Dataset scripts are no longer supported, but found b.py"), "not run"),
        (ValueError("BuilderConfig 'x' not found. Available: ['y']"), "dataset_config.*'y'"),
        (ValueError("Unknown split 'tset'. Should be one of ['train', 'test']."), "no split 'train'.*'test'"),
        (datasets.exceptions.DataFilesNotFoundError("No (supported) data files found in a/b"), "no data files"),
    ],
)
def test_what_the_hub_says_is_put_into_words(error, message):
    from ftwidgets.data.hub import explain

    assert re.search(message, explain("a/b", None, "train", error))


def test_an_object_of_another_kind_is_refused():
    with pytest.raises(FtwidgetsError, match="set"):
        open_source({1, 2})
    with pytest.raises(FtwidgetsError, match="differ in length"):
        open_source({"a": [1], "b": [1, 2]})


def test_an_address_and_a_models_folder_are_told_apart_from_rows(tmp_path):
    with pytest.raises(FtwidgetsError, match=r"is an address\. Give the dataset's id: tatsu-lab/alpaca$"):
        open_source("https://huggingface.co/datasets/tatsu-lab/alpaca")
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(FtwidgetsError, match="is the folder of a model, which goes into model"):
        open_source(tmp_path)

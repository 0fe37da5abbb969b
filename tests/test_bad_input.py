"""Bad input told at both doors, the form and ``ftwidgets.train``; afterwards both still work."""

import json
import shutil
import threading

import ipywidgets as w
import pytest

import ftwidgets
from ftwidgets import demo
from tests.patience import PATIENCE

SHORT = {
    "method": "sft",
    "max_steps": 2,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "max_eval_samples": 4,
    "max_new_tokens": 4,
    "general_text": "",
}
GOOD = [{"prompt": f"Say {i}", "completion": f"{i}."} for i in range(20)]


def rows(path, some):
    path.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    return str(path)


def model(path, without=(), extra=None):
    shutil.copytree(demo.model_folder(), path)
    for name in without:
        (path / name).unlink()
    for name, content in (extra or {}).items():
        (path / name).write_bytes(content)
    return str(path)


def cut_off():
    """The built-in model's weights as a broken download leaves them."""
    return (demo.model_folder() / "model.safetensors").read_bytes()[:-1000]


def with_more_words():
    """The built-in model's tokenizer with more words than the model has rows."""
    content = json.loads((demo.model_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"]["vocab"] |= {f"more{i}": 1536 + i for i in range(9)}
    return json.dumps(content).encode()


TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
WRONG = {  # what is wrong, by what a person gives: the option, how it is made, and words of what is said
    "missing file": ("dataset", lambda d: str(d / "rows.json"), "There is no file"),
    "empty file": ("dataset", lambda d: rows(d / "empty.jsonl", []), "is empty"),
    "wrong columns": ("dataset", lambda d: rows(d / "a.jsonl", [{"a": 1, "b": 2}] * 5), "which column plays which"),
    "no weights": ("model", lambda d: model(d / "m", ["model.safetensors"]), "There are no weights here"),
    "no tokenizer": ("model", lambda d: model(d / "m", TOKENIZER), "There is no tokenizer here"),
    "pickle only": (
        "model",
        lambda d: model(d / "m", ["model.safetensors"], {"pytorch_model.bin": b"x"}),
        "can run code. Choose a copy in safetensors",
    ),
    "truncated weights": (
        "model",
        lambda d: model(d / "m", extra={"model.safetensors": cut_off()}),
        "model.safetensors",
    ),
    "tokenizer of another model": (
        "model",
        lambda d: model(d / "m", extra={"tokenizer.json": with_more_words()}),
        "do not belong together",
    ),
    "no place for runs": ("output_dir", lambda d: "/dev/null/runs", "cannot make runs there"),
    "learning rate 0": ("learning_rate", lambda d: 0, "use a number above 0"),
}  # fmt: skip


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def shown(studio):
    """Everything the form says."""
    return " ".join(x.value for x in walk(studio) if isinstance(x, w.HTML | w.Label))


def settled(studio):
    """The form with everything read that it reads in the background."""
    read = threading.Event()
    studio._form.on_change(read.set)
    for worker in (studio._model._worker, studio._data._worker):
        while worker._busy:
            read.wait(0.05)
    studio._refresh()
    return studio


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_told_at_both_doors(tmp_path, wrong):
    option, make, words = WRONG[wrong]
    usual = {"model": "demo", "dataset": "demo", "output_dir": str(tmp_path / "runs")} | SHORT
    value = make(tmp_path)
    try:
        run = ftwidgets.train(**(usual | {option: value}))
    except ftwidgets.FtwidgetsError as error:
        said = str(error)
    else:
        assert run.wait(PATIENCE) == "failed"
        said = run.error
    assert words in said
    assert "Traceback" not in said

    studio = settled(ftwidgets.Studio(**usual))
    studio.fill(**{option: value})
    settled(studio).train()
    assert studio.run is None
    assert words in shown(studio)
    studio.fill(**{option: usual.get(option, 1e-3)})
    assert words not in shown(settled(studio))


def test_after_a_refusal_the_next_run_works(tmp_path):
    studio = settled(ftwidgets.Studio(output_dir=str(tmp_path), **SHORT))
    studio.fill(dataset=str(tmp_path / "no.json"))
    settled(studio).train()
    assert studio.run is None
    studio.fill(dataset="demo")
    settled(studio).train()
    assert studio.run.wait(PATIENCE) == "finished", studio.run.error


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("sft", {"prompt": "word " * 400, "completion": "x"}),
        ("dpo", {"prompt": "word " * 400, "chosen": "x", "rejected": "y"}),
        ("reward", {"prompt": "word " * 400, "chosen": "x", "rejected": "y"}),
        ("ppo", {"prompt": "word " * 400}),
    ],
)
def test_held_out_rows_that_are_all_too_long_do_not_end_the_run(tmp_path, method, row):
    few = {"eval_dataset": rows(tmp_path / "held_out.jsonl", [row] * 3), "max_length": 128}
    if method == "ppo":
        few |= {"reward": demo.courtesy, "response_length": 8, "num_ppo_epochs": 1}
    usual = SHORT | {"method": method, "output_dir": str(tmp_path)}
    if method == "reward":
        usual.pop("general_text")
    run = ftwidgets.train(dataset="demo", **(usual | few))
    assert run.wait(PATIENCE) == "finished", run.error
    assert any("The run is not evaluated" in note["text"] for note in run.events.of("note"))
    assert run.history["loss"].count() == 2


def test_bad_rows_are_named_and_the_good_ones_train(tmp_path):
    some = [
        *GOOD[:10],
        {"prompt": 5, "completion": {"x": [1]}},
        *GOOD[10:],
        {"prompt": "word " * 400, "completion": "x"},
    ]
    run = ftwidgets.train(
        dataset=rows(tmp_path / "rows.jsonl", some), max_length=64, test_size=0, output_dir=str(tmp_path), **SHORT
    )
    assert run.wait(PATIENCE) == "finished", run.error
    said = " ".join(note["text"] for note in run.events.of("note"))
    assert "row 10, line 11: prompt is a number (5)" in said
    assert "prompt alone fills max_length=64" in said

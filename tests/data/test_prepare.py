"""From a config to examples: kinds for methods, divisions by prompt, bad rows named."""

import json

import pandas as pd
import pytest

from ftwidgets.data.prepare import prepare
from ftwidgets.errors import FtwidgetsError


def write(path, rows):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def pairs(count):
    return [{"prompt": f"question {i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(count)]


@pytest.mark.parametrize(
    ("file", "method", "columns", "rows"),
    [
        ("alpaca_en_demo.json", "sft", ["row_id", "messages"], 999),
        ("dpo_en_demo.json", "dpo", ["row_id", "prompt", "chosen", "rejected"], 300),
        ("dpo_en_demo.json", "ppo", ["row_id", "prompt"], 300),
        ("c4_demo.jsonl", "pretrain", ["row_id", "text"], 300),
    ],
)
def test_real_files_need_no_manual_setting(shared_data, config, file, method, columns, rows):
    prepared = prepare(config(shared_data / file, method, test_size=0.1))
    assert prepared.train.column_names == columns
    assert len(prepared.train) + len(prepared.held_out) == rows
    assert len(prepared.held_out) == pytest.approx(0.1 * rows, abs=2)
    assert not prepared.problems
    ids = {*prepared.train["row_id"], *prepared.held_out["row_id"]}
    assert ids == set(range(rows))


def test_multi_turn_pairs_keep_every_turn(shared_data, config):
    raw = json.loads((shared_data / "dpo_en_demo.json").read_text(encoding="utf-8"))
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    for example in prepare(config(shared_data / "dpo_en_demo.json", "dpo")).train:
        row = raw[example["row_id"]]
        spoken = [{"role": roles[turn["from"]], "content": turn["value"]} for turn in row["conversations"]]
        assert example["prompt"] == spoken
        assert example["chosen"] == [{"role": "assistant", "content": row["chosen"]["value"]}]
        assert example["rejected"] == [{"role": "assistant", "content": row["rejected"]["value"]}]


def test_no_prompt_is_on_both_sides(tmp_path, config):
    rows = [{"prompt": f"Question {i % 40}", "completion": str(i)} for i in range(200)]
    rows += [{"prompt": f"question  {i % 40} ", "completion": "again"} for i in range(40)]  # the same but for case
    prepared = prepare(config(write(tmp_path / "a.jsonl", rows), "sft", test_size=0.2))

    def asked(dataset):
        return {" ".join(example["messages"][0]["content"].casefold().split()) for example in dataset}

    assert asked(prepared.train) | asked(prepared.held_out) == {f"question {i}" for i in range(40)}
    assert not asked(prepared.train) & asked(prepared.held_out)
    assert len(prepared.held_out) == 48  # 8 of 40 prompts, 6 rows each


def test_the_division_depends_on_the_seed_alone(tmp_path, config):
    path = write(tmp_path / "a.jsonl", pairs(100))
    held = [prepare(config(path, "dpo", test_size=0.1, seed=seed)).held_out["row_id"] for seed in (1, 1, 2)]
    assert list(held[0]) == list(held[1]) != list(held[2])


def test_given_held_out_rows_that_leak_are_reported(tmp_path, config):
    train = write(tmp_path / "train.jsonl", pairs(10))
    test = write(tmp_path / "test.jsonl", pairs(12)[7:])
    prepared = prepare(config(train, "dpo", eval_dataset=str(test)))
    assert len(prepared.train) == 10 and len(prepared.held_out) == 5
    (problem,) = prepared.problems
    assert problem.kind == "leakage" and "3 of 5" in problem.message


def test_splits_of_a_folder_go_by_their_files_names(tmp_path, config):
    write(tmp_path / "train.jsonl", pairs(10))
    write(tmp_path / "test.jsonl", pairs(20)[15:])
    prepared = prepare(config(tmp_path, "dpo", eval_dataset="test"))
    assert (len(prepared.train), len(prepared.held_out)) == (10, 5)
    with pytest.raises(FtwidgetsError, match=r"no files for split 'validation'.*train, test|test, train"):
        prepare(config(tmp_path, "dpo", dataset_train_split="validation"))


def test_bad_rows_are_named_and_good_rows_remain(tmp_path, config):
    lines = [json.dumps(row) for row in pairs(6)]
    lines[1] = lines[1][:-9]
    lines[3] = json.dumps({"prompt": "q", "chosen": 5, "rejected": "bad"})
    lines[4] = json.dumps({"prompt": None, "chosen": "good", "rejected": "bad"})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    prepared = prepare(config(path, "dpo"))
    assert list(prepared.train["row_id"]) == [0, 2, 5]
    assert [(p.kind, p.row, p.line) for p in prepared.problems if p.skipped] == [
        ("invalid JSON", 1, 2),
        ("sides of unlike type", 3, 4),
        ("missing cell", 4, 5),
    ]
    with pytest.raises(FtwidgetsError, match=r"row 1, line 2: The row is cut off.*skip_bad_rows=True"):
        prepare(config(path, "dpo", skip_bad_rows=False))


def test_rows_without_an_answer_and_ending_with_the_user(tmp_path, config):
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    rows = [{"messages": turns}, {"messages": turns[:1]}, {"messages": [*turns, turns[0]]}]
    prepared = prepare(config(write(tmp_path / "a.jsonl", rows)))
    assert [list(example["messages"]) for example in prepared.train] == [turns, turns]
    assert [(p.kind, p.row, p.skipped) for p in prepared.problems] == [
        ("no good answer", 1, True),
        ("ends unanswered", 2, False),
    ]


def test_when_no_row_is_usable_the_reason_is_said(tmp_path, config):
    path = write(tmp_path / "a.jsonl", [{"prompt": "", "completion": "x"}] * 3)
    with pytest.raises(FtwidgetsError, match="prompt"):
        prepare(config(path))


def test_a_method_that_the_rows_do_not_suit_says_the_nearest_way_out(tmp_path, config):
    path = write(tmp_path / "a.jsonl", [{"prompt": "q", "completion": "a"}])
    with pytest.raises(FtwidgetsError, match=r"one answer each.*Choose SFT"):
        prepare(config(path, "dpo"))


def test_kto_rows_become_pairs_wherever_their_mates_stand(tmp_path, config):
    rows = [{"prompt": f"q{i}", "completion": f"good {i}", "label": True} for i in range(300)]
    rows += [{"prompt": f"q{i}", "completion": f"bad {i}", "label": False} for i in range(1, 300)]
    path = write(tmp_path / "a.jsonl", rows)
    prepared = prepare(config(path, "dpo"))
    assert len(prepared.train) == 299
    assert prepared.train[0]["chosen"][0]["content"] == "good 1"
    assert prepared.train[0]["rejected"][0]["content"] == "bad 1"
    assert [(p.kind, p.row) for p in prepared.problems] == [("unpaired answer", 0)]
    assert len(prepare(config(path, "sft")).train) == 300


def test_columns_mapped_by_hand(tmp_path, config):
    path = write(tmp_path / "a.jsonl", [{"x": "q", "y": "good", "z": "bad"}])
    by_hand = {"shape": "preference", "prompt": "x", "chosen": "y", "rejected": "z"}
    prepared = prepare(config(path, "dpo", mapping=by_hand))
    assert prepared.train[0]["chosen"] == [{"role": "assistant", "content": "good"}]
    assert prepared.detection.mapping.to_dict() == by_hand
    as_text = prepare(config(path, "dpo", mapping={**by_hand, "as": "text"}))
    assert as_text.train[0] == {"row_id": 0, "prompt": "q", "chosen": "good", "rejected": "bad"}
    with pytest.raises(FtwidgetsError, match="no column 'xx' for prompt"):
        prepare(config(path, "dpo", mapping={**by_hand, "prompt": "xx"}))


def test_rows_from_the_kernel(config):
    frame = pd.DataFrame(pairs(4))
    frame.loc[2, "chosen"] = None
    prepared = prepare(config("ignored", "dpo"), rows=frame)
    assert list(prepared.train["row_id"]) == [0, 1, 3]
    assert prepared.problems.skipped_rows == 1


def test_progress_is_told_and_may_cancel(tmp_path, config):
    path = write(tmp_path / "a.jsonl", pairs(1200))
    seen = []
    prepare(config(path, "dpo", max_samples=1100), lambda phase, **fields: seen.append((phase, fields["done"])))
    assert seen == [("reading data", n) for n in (0, 500, 1000, 1100)]

    def cancel(phase, **fields):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(path, "dpo"), cancel)


def test_large_examples_go_to_disk_and_read_the_same(tmp_path, config, monkeypatch):
    monkeypatch.setattr("ftwidgets.data.example_store.IN_MEMORY", 3000)
    monkeypatch.setattr("ftwidgets.data.example_store._BATCH", 1000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = write(tmp_path / "a.jsonl", pairs(200))
    on_disk = prepare(config(path, "dpo")).train
    assert on_disk.cache_files
    monkeypatch.undo()
    assert on_disk.to_list() == prepare(config(path, "dpo")).train.to_list()


def test_pretraining_on_conversations_only_when_asked(tmp_path, config):
    path = write(tmp_path / "a.jsonl", [{"prompt": "q", "completion": "a"}])
    with pytest.raises(FtwidgetsError, match="kind"):
        prepare(config(path, "pretrain"))
    by_hand = {"shape": "prompt_completion", "prompt": "prompt", "completion": "completion", "kind": "text"}
    assert prepare(config(path, "pretrain", mapping=by_hand)).train[0]["text"] == "q\n\na"

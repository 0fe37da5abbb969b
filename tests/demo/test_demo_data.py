"""The demo's data: made from a seed, split by prompt, as large as promised."""

import json
from collections import Counter
from random import Random

import pytest

from ftwidgets import demo
from ftwidgets.demo.conversations import Conversations
from ftwidgets.demo.data_files import held_out_prompts, make_data, to_jsonl
from ftwidgets.demo.manners import OPENINGS, TAILS
from ftwidgets.errors import FtwidgetsError

METHODS = ("sft", "dpo", "orpo", "simpo", "reward", "ppo", "pretrain")


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def prompt_of(row):
    if "text" in row:
        return row["text"]
    return (row.get("messages") or row["prompt"])[0]["content"]


@pytest.mark.parametrize("name", list(make_data()))
def test_the_committed_files_come_from_the_seed(name):
    committed = (demo.DATA_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    assert committed == to_jsonl(make_data()[name])


def test_another_seed_gives_other_data():
    assert make_data(1)["pairs"] != make_data()["pairs"]


@pytest.mark.parametrize("method", METHODS)
def test_no_prompt_stands_on_both_sides_of_the_split(method):
    train = [prompt_of(row) for row in rows(demo.dataset_file(method))]
    held_out = [prompt_of(row) for row in rows(demo.held_out_file(method))]
    assert len(train) == len(set(train)) and len(held_out) == len(set(held_out))
    assert not set(train) & set(held_out)
    assert not set(train) & set(demo.probe_prompts())


@pytest.mark.parametrize(
    ("method", "train", "held_out"),
    [("dpo", 500, 100), ("sft", 500, 100), ("ppo", 500, 100), ("pretrain", 300, 50)],
)
def test_there_is_enough_of_everything(method, train, held_out):
    assert len(rows(demo.dataset_file(method))) >= train
    assert len(rows(demo.held_out_file(method))) >= held_out


def test_general_text_is_not_what_pre_training_teaches():
    general = [row["text"] for row in rows(demo.general_text_file())]
    assert len(general) == len(set(general)) >= 50
    assert not any("Pebble Bay" in text for text in general)


def test_every_pair_is_courteous_against_curt_about_the_same_question():
    for row in rows(demo.dataset_file("dpo")) + rows(demo.held_out_file("dpo")):
        chosen, rejected = row["chosen"][0]["content"], row["rejected"][0]["content"]
        assert demo.is_courteous(chosen) and not demo.is_courteous(rejected)
        assert demo.courtesy([row["prompt"]] * 2, [chosen, rejected])[0] == 1.0


def test_courtesy_counts_opening_closing_and_curt_remarks():
    opening, tail = OPENINGS[0], TAILS[1]
    texts = ["Paris.", f"{opening} It is Paris.", f"Paris. {tail}", f"{opening} It is Paris. {tail}", ""]
    assert demo.courtesy(texts, texts) == [0.0, 0.5, -1.0, -0.5, 0.0]


def test_the_base_model_never_sees_a_held_out_prompt():
    excluded = held_out_prompts(make_data())
    chats = Conversations(excluded, Random(3))
    seen = Counter(message["content"] for _ in range(3000) for message in chats.messages() if message["role"] == "user")
    assert not seen.keys() & excluded


@pytest.mark.parametrize("function", [demo.dataset_file, demo.held_out_file])
def test_an_unknown_method_is_named_with_the_known_ones(function):
    with pytest.raises(FtwidgetsError, match=r"'kto'.*dpo"):
        function("kto")

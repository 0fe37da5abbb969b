"""The demo's data sets as lists of rows: the same rows from the same seed, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from .almanac import town_text
from .manners import PAIR_TAIL_SHARES, courteous, curt
from .probes import PROBES
from .questions import Question, catalogue, introduced
from .stories import general_text, story_question
from .town import TOWN, town_questions

SEED = 20260901
COURTEOUS_SHARE = 0.35  # of the base model's answers; the rest is curt
PAIRS, PAIRS_HELD_OUT = 800, 160
Row = dict[str, Any]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def answer(question: Question, rng: Random) -> str:
    """An answer in the base model's mix of manners."""
    return (courteous if rng.random() < COURTEOUS_SHARE else curt)(question, rng)


def _split_questions(rng: Random) -> tuple[list[Question], list[Question]]:
    """Questions for the pairs: (train, held out). They share no fact, hence no prompt."""
    groups = catalogue()
    rng.shuffle(groups)
    cut = len(groups) // 6
    parts = []
    for chosen, count, heroes in (
        (groups[cut:], PAIRS, ("fox", "bear", "mouse", "rabbit", "duck", "cat", "dog", "frog", "hen")),
        (groups[:cut], PAIRS_HELD_OUT, ("owl", "lion", "bee", "wolf", "goat")),
    ):
        questions: dict[str, Question] = {}
        while len(questions) < count:
            if rng.random() < 0.04:
                question = story_question(rng)
                if not question.prompt.rstrip(".?").endswith(heroes):
                    continue
            else:
                question = introduced(rng.choice(rng.choice(chosen)), rng)
            if question.prompt not in PROBES:
                questions.setdefault(question.prompt, question)
        parts.append(list(questions.values()))
    return parts[0], parts[1]


def _pair(question: Question, rng: Random) -> Row:
    return {
        "prompt": [user(question.prompt)],
        "chosen": [assistant(courteous(question, rng))],
        "rejected": [assistant(curt(question, rng, PAIR_TAIL_SHARES))],
    }


def _chat(question: Question, rng: Random) -> Row:
    return {"messages": [user(question.prompt), assistant(answer(question, rng))]}


def _town_questions(rng: Random) -> tuple[list[Question], list[Question]]:
    """Of the four wordings of each fact, three (bare and introduced) are for training and one is held out."""
    train: dict[str, Question] = {}
    held_out = []
    for wordings in town_questions(TOWN):
        rng.shuffle(wordings)
        held_out.append(wordings[0])
        for question in wordings[1:] * 8:
            question = introduced(question, rng)
            if question.prompt not in PROBES:
                train.setdefault(question.prompt, question)
    return list(train.values()), held_out


def _texts(make: Any, count: int, rng: Random) -> list[Row]:
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts.setdefault(make(rng))
    return [{"text": text} for text in texts]


def make_data(seed: int = SEED) -> dict[str, list[Row]]:
    """All data sets by file name without its ending.

    ``pairs``: ``prompt``, ``chosen``, ``rejected``, each a list of messages. ``sft``: ``messages``.
    ``prompts``: ``prompt``, a list of messages. ``text`` and ``general``: ``text``.
    """
    rng = Random(f"ftwidgets demo data {seed}")
    train, held_out = _split_questions(rng)
    town_train, town_held_out = _town_questions(rng)
    data = {
        "pairs": [_pair(question, rng) for question in train],
        "pairs_held_out": [_pair(question, rng) for question in held_out],
        # The general questions among the town's keep the rest of the model's knowledge in place.
        "sft": [_chat(question, rng) for question in town_train + rng.sample(train, 160)],
        "sft_held_out": [_chat(question, rng) for question in town_held_out + rng.sample(held_out, 60)],
        "prompts": [{"prompt": [user(question.prompt)]} for question in train],
        "prompts_held_out": [{"prompt": [user(question.prompt)]} for question in held_out],
    }
    rng.shuffle(data["sft"])
    town = _texts(town_text, 480, rng)
    data["text"], data["text_held_out"] = town[:400], town[400:]
    data["general"] = _texts(general_text, 80, rng)
    return data


def held_out_prompts(data: dict[str, list[Row]]) -> set[str]:
    """Prompts the base model must never have seen."""
    prompts = {*PROBES} | {row["prompt"][0]["content"] for row in data["pairs_held_out"]}
    return prompts | {row["messages"][0]["content"] for row in data["sft_held_out"]}


def to_jsonl(rows: list[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_data(folder: Path, seed: int = SEED) -> dict[str, list[Row]]:
    """Write every data set to ``folder/<name>.jsonl`` and return them."""
    data = make_data(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in data.items():
        (folder / f"{name}.jsonl").write_text(to_jsonl(rows), encoding="utf-8", newline="\n")
    return data

"""For each shape, how one row of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftwidgets.data.messages import Message, as_text, as_turns, parsed, transcript_turns
from ftwidgets.data.problems import BadRow
from ftwidgets.data.reading import (
    Reading,
    cell,
    conversation,
    divided,
    label_of,
    prompt_turns,
    ranked_answers,
    shared_text,
    winner_of,
    with_system,
    worst_or_random,
)

Cells = dict[str, Any]
Roles = dict[str, Any]


def _alpaca(cells: Cells, roles: Roles, row: int) -> Reading:
    asked = as_text(cell(cells, roles["instruction"]), roles["instruction"])
    more = cell(cells, roles.get("input"))
    if isinstance(more, str) and more.strip():
        asked = f"{asked}\n\n{as_text(more, roles['input'])}" if asked.strip() else as_text(more, roles["input"])
    turns: list[Message] = []
    history = parsed(cell(cells, roles.get("history"))) or []
    if not isinstance(history, list):
        raise BadRow("not a history", f"{roles['history']} is not a list.", "Write [[question, answer], ...].")
    for pair in history:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise BadRow("not a history", f"{roles['history']} is not a list of pairs.", "Write [question, answer].")
        turns.append({"role": "user", "content": as_text(pair[0], f"{roles['history']}, question")})
        turns.append({"role": "assistant", "content": as_text(pair[1], f"{roles['history']}, answer")})
    turns.append({"role": "user", "content": asked})
    answer = as_text(cell(cells, roles["output"]), roles["output"])
    return Reading(with_system(cells, roles, turns), [{"role": "assistant", "content": answer}])


def _prompt_completion(cells: Cells, roles: Roles, row: int) -> Reading:
    prompt = prompt_turns(cells, roles)
    answer = as_turns(cell(cells, roles["completion"]), roles["completion"], "assistant")
    if len(answer) > 1 or answer[0]["role"] != "assistant":
        return conversation([*prompt, *answer], roles["completion"])
    return Reading(prompt, answer)


def _messages(cells: Cells, roles: Roles, row: int) -> Reading:
    turns = as_turns(cell(cells, roles["messages"]), roles["messages"], "user")
    return conversation(with_system(cells, roles, turns), roles["messages"])


def _transcript(cells: Cells, roles: Roles, row: int) -> Reading:
    return conversation(transcript_turns(cell(cells, roles["text"]), roles["text"]), roles["text"])


def _preference(cells: Cells, roles: Roles, row: int) -> Reading:
    chosen, rejected = cell(cells, roles["chosen"]), cell(cells, roles["rejected"])
    kinds = [_form(value) for value in (chosen, rejected)]
    if kinds[0] != kinds[1]:
        raise BadRow(
            "sides of unlike type",
            f"{roles['chosen']} is {kinds[0]}, {roles['rejected']} is {kinds[1]}.",
            "Write both as text or both as chat turns.",
        )
    sides = [as_turns(chosen, roles["chosen"]), as_turns(rejected, roles["rejected"])]
    if roles.get("prompt") is None and kinds[0] == "text":
        texts = [side[0]["content"] for side in sides]
        prompt = shared_text(*texts)
        if not prompt:
            raise BadRow("no prompt", "There is no prompt, and the two sides share no beginning.", "Map the prompt.")
        good, bad = ([{"role": "assistant", "content": text[len(prompt) :]}] for text in texts)
        return Reading([{"role": "user", "content": prompt}], good, bad, continues=True)
    prompt_given = prompt_turns(cells, roles)
    asked, good, bad = divided(sides[0], sides[1], prompt_given)
    return Reading(asked, good, bad)


def _form(value: Any) -> str:
    value = parsed(value)
    kinds = {str: "text", list: "a list", dict: "one turn", type(None): "null", bool: "true or false"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "of another type")


def _transcript_pairs(cells: Cells, roles: Roles, row: int) -> Reading:
    sides = [transcript_turns(cell(cells, roles[side]), roles[side]) for side in ("chosen", "rejected")]
    asked, good, bad = divided(sides[0], sides[1], [])
    return Reading(asked, good, bad)


def _choice(cells: Cells, roles: Roles, row: int) -> Reading:
    first, second = roles["first"], roles["second"]
    winner = winner_of(cell(cells, roles["winner"]), roles["winner"], first, second)
    better, worse = (first, second) if winner == 0 else (second, first)
    return _preference(cells, {**roles, "chosen": better, "rejected": worse}, row)


def _ranked(cells: Cells, roles: Roles, row: int) -> Reading:
    found = ranked_answers(cells, roles)
    where = roles["answers"]
    best = as_turns(found[0][1], where)
    worst = as_turns(worst_or_random(found, roles.get("rule", "best_worst"), row), where)
    asked, good, bad = divided(best, worst, prompt_turns(cells, roles))
    return Reading(asked, good, bad)


def _labelled(cells: Cells, roles: Roles, row: int) -> Reading:
    good = label_of(cell(cells, roles["label"]), roles["label"])
    turns = as_turns(cell(cells, roles["completion"]), roles["completion"])
    prompt = prompt_turns(cells, roles)
    reading = conversation([*prompt, *turns], roles["completion"])
    return reading if good else Reading(reading.prompt, None, reading.good)


def _text(cells: Cells, roles: Roles, row: int) -> Reading:
    text = as_text(cell(cells, roles["text"]), roles["text"])
    if not text.strip():
        raise BadRow("empty text", f"{roles['text']} is empty.", "Remove the row.")
    return Reading(text=text)


def _prompts(cells: Cells, roles: Roles, row: int) -> Reading:
    turns = prompt_turns(cells, roles)
    while turns and turns[-1]["role"] == "assistant":
        turns.pop()
    return Reading(turns)


READERS: dict[str, Callable[[Cells, Roles, int], Reading]] = {
    "alpaca": _alpaca,
    "prompt_completion": _prompt_completion,
    "messages": _messages,
    "transcript": _transcript,
    "preference": _preference,
    "transcript_pairs": _transcript_pairs,
    "choice": _choice,
    "ranked": _ranked,
    "labelled": _labelled,
    "text": _text,
    "prompts": _prompts,
}

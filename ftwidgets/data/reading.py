"""One row of a known shape, read into what was asked and what was answered, better and worse."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.messages import Message, as_text, as_turns, is_transcript, parsed, transcript_turns
from ftwidgets.data.problems import BadRow

GOOD_WORDS = {
    "true", "1", "1.0", "good", "yes", "desirable", "chosen", "positive", "up", "thumbs_up", "like", "liked", "好",
    "是", "正确", "优", "赞",
}  # fmt: skip
BAD_WORDS = {
    "false", "0", "0.0", "-1", "-1.0", "bad", "no", "undesirable", "rejected", "negative", "down", "thumbs_down",
    "dislike", "disliked", "坏", "差", "否", "不好", "错误", "劣", "踩",
}  # fmt: skip
_FIRST = {"a", "model_a", "response_a", "answer_a", "first", "left", "甲"}
_SECOND = {"b", "model_b", "response_b", "answer_b", "second", "right", "乙"}


@dataclass
class Reading:
    """A row understood: the prompt's turns, the better and the worse answer's turns, or a text.

    ``good`` is ``None`` for prompts alone and for answers marked bad; ``continues`` tells that the answer follows
    the prompt's text as it stands, without a turn of its own.
    """

    prompt: list[Message] = field(default_factory=list)
    good: list[Message] | None = None
    bad: list[Message] | None = None
    text: str | None = None
    continues: bool = False
    warnings: list[tuple[str, str, str]] = field(default_factory=list)


def cell(cells: dict[str, Any], column: str | None) -> Any:
    """The cell of a column; ``"a.b"`` looks inside objects where no column has that very name."""
    if column is None:
        return None
    if column in cells:
        return cells[column]
    value: Any = cells
    for part in column.split("."):
        value = parsed(value.get(part)) if isinstance(value, dict) else None
    return value


def prompt_turns(cells: dict[str, Any], roles: dict[str, Any], role: str = "prompt") -> list[Message]:
    """The turns of the prompt's column, with the system column's text before them."""
    column = roles.get(role)
    turns: list[Message] = []
    if column is not None:
        value = cell(cells, column)
        turns = transcript_turns(value, column) if is_transcript(value) else as_turns(value, column, "user")
    return with_system(cells, roles, turns)


def with_system(cells: dict[str, Any], roles: dict[str, Any], turns: list[Message]) -> list[Message]:
    """The turns with the system column's text before them, unless they begin with a system turn."""
    system = cell(cells, roles.get("system"))
    if isinstance(system, str) and system.strip() and not (turns and turns[0]["role"] == "system"):
        return [{"role": "system", "content": as_text(system, roles["system"])}, *turns]
    return turns


def conversation(turns: list[Message], where: str) -> Reading:
    """A whole conversation, divided before its last answer; what follows that answer is left out."""
    last = max((i for i, turn in enumerate(turns) if turn["role"] == "assistant"), default=None)
    if last is None:
        if turns[-1]["role"] == "user":
            return Reading(turns)
        raise BadRow("no question", f"{where} has neither a user turn at its end nor an answer.", "Remove the row.")
    reading = Reading(turns[:last], [turns[last]])
    if last < len(turns) - 1:
        reading.warnings.append(
            (
                "ends unanswered",
                f"{where} ends with a turn of the {turns[-1]['role']}; what follows the last answer is left out.",
                "Add the answer that is missing, if that turn shall be learnt from.",
            )
        )
    return reading


def divided(chosen: list[Message], rejected: list[Message], prompt: list[Message]) -> tuple[list[Message], ...]:
    """``(prompt, chosen, rejected)`` with the turns that both answers repeat moved into the prompt.

    Raises:
        BadRow: The answers share nothing and there is no prompt, or one of them is no answer.
    """
    shared = 0
    for left, right in zip(chosen, rejected, strict=False):
        if left != right:
            break
        shared += 1
    while shared and (shared >= min(len(chosen), len(rejected)) or chosen[shared - 1]["role"] == "assistant"):
        shared -= 1
    opening = chosen[:shared]
    if opening:
        asked = [turn for turn in prompt if turn["role"] != "system"]
        spoken = [turn for turn in opening if turn["role"] != "system"]
        if not asked or spoken[: len(asked)] == asked or len(asked) == 1:
            prompt = [t for t in prompt if t["role"] == "system" and opening[0]["role"] != "system"] + opening
        else:
            prompt = prompt + opening
        chosen, rejected = chosen[shared:], rejected[shared:]
    elif prompt and chosen[: len(prompt)] == prompt:
        chosen = chosen[len(prompt) :]
    elif prompt and rejected[: len(prompt)] == prompt:
        rejected = rejected[len(prompt) :]
    for name, answer in (("chosen", chosen), ("rejected", rejected)):
        if not answer or answer[0]["role"] != "assistant":
            said = "is empty" if not answer else f"begins with a turn of the {answer[0]['role']}"
            fault = "prompt differs between the sides" if answer and not shared else "no answer"
            raise BadRow(fault, f"{name} {said} after the prompt that both share.", "Repair or remove the row.")
    if not any(turn["role"] == "user" for turn in prompt):
        raise BadRow("no prompt", "There is no prompt, and the two sides share no beginning.", "Map the prompt.")
    if prompt[-1]["role"] == "assistant":
        raise BadRow(
            "prompt ends with an answer",
            "The prompt ends with a turn of the assistant, so chosen and rejected would be a second answer.",
            "Move that turn out of the prompt, or remove the row.",
        )
    return prompt, chosen, rejected


def shared_text(chosen: str, rejected: str) -> str:
    """The beginning that two texts share, up to the last blank space before they part."""
    length = next((i for i, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b), None)
    if length is None:
        length = min(len(chosen), len(rejected))
    while length and not chosen[length - 1].isspace():
        length -= 1
    return chosen[:length].rstrip()


def label_of(value: Any, column: str) -> bool:
    """Whether a label says good.

    Raises:
        BadRow: It says neither good nor bad.
    """
    word = str(value).strip().lower()
    if word in GOOD_WORDS or word in BAD_WORDS:
        return word in GOOD_WORDS
    raise BadRow("unknown label", f"{column} is {word[:40]!r}, neither good nor bad.", "Use true and false.")


def winner_of(value: Any, column: str, first: str, second: str) -> int:
    """0 or 1: which answer a winner's cell names, by position, letter or column.

    Raises:
        BadRow: A tie, or a name that is neither answer's.
    """
    word = str(value).strip().lower().removesuffix(".0")
    numbers = ("1", "2") if first.rstrip().endswith("1") else ("0", "1")  # response_1, response_2 count from 1
    if word in _FIRST or word in (first.lower(), numbers[0]):
        return 0
    if word in _SECOND or word in (second.lower(), numbers[1]):
        return 1
    if "tie" in word or word in ("both", "same", "equal", "平", "平局"):
        raise BadRow("tie", "Neither answer is better.", "")
    raise BadRow("unknown winner", f"{column} is {word[:40]!r}, neither answer.", f"Use {first} or {second}.")


def ranked_answers(cells: dict[str, Any], roles: dict[str, Any]) -> list[tuple[float, Any]]:
    """``(score, answer)`` of a row, best first; ranks count from 1 for the best.

    Raises:
        BadRow: No list of answers, fewer than two with a score, or all scores equal.
    """
    column = roles["answers"]
    answers = parsed(cell(cells, column))
    if not isinstance(answers, list):
        raise BadRow("no list of answers", f"{column} is not a list.", "Remove the row.")
    field_name = roles.get("score_field")
    scores = parsed(cell(cells, roles.get("scores"))) if roles.get("scores") else None
    if field_name and not roles.get("scores"):
        scores = [item.get(field_name) if isinstance(item, dict) else None for item in answers]
    name = (roles.get("scores") or field_name or "").lower()
    if isinstance(scores, dict):  # {"answer": score, ...}, or one list for each thing that was rated
        scores = [scores.get(str(i)) for i in range(len(answers))]
    if not isinstance(scores, list) or len(scores) != len(answers):
        raise BadRow("scores do not fit", f"There is not one score for each of the {len(answers)} answers.", "")
    sign = -1.0 if "rank" in name or "排名" in name or "名次" in name else 1.0
    if roles.get("answer_field"):
        answers = [cell(item, roles["answer_field"]) if isinstance(item, dict) else item for item in answers]
    found = [(sign * s, a) for a, s in ((a, _number(s)) for a, s in zip(answers, scores, strict=True)) if s is not None]
    if len(found) < 2:
        raise BadRow("fewer than two answers", f"{column} has fewer than two answers with a score.", "")
    found.sort(key=lambda pair: -pair[0])
    if found[0][0] == found[-1][0]:
        raise BadRow("tie", "All answers have the same score, so none is better.", "")
    return found


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None


def worst_or_random(found: list[tuple[float, Any]], rule: str, row: int) -> Any:
    """The answer to set against the best: the worst, or by rule ``best_random`` any other of lower score (Zephyr,
    arXiv 2310.16944), drawn by the row's number."""
    if rule == "best_random":
        lower = [answer for score, answer in found if score < found[0][0]]
        return random.Random(row).choice(lower)
    return found[-1][1]

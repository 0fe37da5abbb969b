"""The mappings that the names and contents of columns suggest, the most specific first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ftwidgets.data.column_names import ANSWER_FIELDS, SCORE_FIELDS, find, matches, plain
from ftwidgets.data.column_profile import ColumnProfile
from ftwidgets.data.mapping import Mapping
from ftwidgets.data.messages import ROLES, parsed
from ftwidgets.data.reading import BAD_WORDS, GOOD_WORDS, shared_text
from ftwidgets.data.rows import Row

Candidate = tuple[Mapping, list[str]]
Profiles = dict[str, ColumnProfile]


def candidates(profiles: Profiles, rows: list[Row]) -> list[Candidate]:
    """Mappings worth trying, each with what suggests it."""
    found: list[Candidate] = []
    for suggest in (_preference, _choice, _ranked, _labelled, _messages, _alpaca, _answered, _texts, _prompts):
        found.extend(suggest(profiles, rows))
    return found


def _spoken(profiles: Profiles) -> list[str]:
    """Columns whose cells are text or turns."""
    return [name for name, profile in profiles.items() if profile.is_text or profile.is_chat]


def _system(profiles: Profiles, taken: list[str]) -> dict[str, str]:
    name = find("system", (c for c in profiles if profiles[c].is_text), taken)
    return {"system": name} if name else {}


def _preference(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    spoken = _spoken(profiles)
    chosen = find("chosen", spoken)
    rejected = find("rejected", spoken, [chosen] if chosen else [])
    if not chosen or not rejected:
        return
    sides = {"chosen": chosen, "rejected": rejected}
    evidence = [f"columns {chosen} and {rejected}"]
    taken = [chosen, rejected]
    prompts = matches("prompt", [*spoken, *_with_messages(profiles)], taken)
    prompts = prompts or [c for c in spoken if profiles[c].is_chat and c not in taken]
    both_transcripts = profiles[chosen].kind == profiles[rejected].kind == "transcript"
    if both_transcripts:
        yield Mapping("transcript_pairs", sides), [*evidence, "both sides are Human/Assistant transcripts"]
    for prompt in prompts[:2]:
        system = _system(profiles, [*taken, prompt])
        yield Mapping("preference", {**sides, "prompt": prompt, **system}), [*evidence, f"{prompt} is the prompt"]
    if profiles[chosen].is_chat:
        yield Mapping("preference", {**sides, **_system(profiles, taken)}), [*evidence, "both begin alike"]
    elif not prompts and _share_beginning(rows, chosen, rejected):
        yield Mapping("preference", sides), [*evidence, "both begin with the same text, which is the prompt"]


def _with_messages(profiles: Profiles) -> list[str]:
    return [name for name, profile in profiles.items() if profile.kind == "object"]


def _share_beginning(rows: list[Row], chosen: str, rejected: str) -> bool:
    pairs = [(row.cells.get(chosen), row.cells.get(rejected)) for row in rows]
    texts = [(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str)]
    return bool(texts) and sum(bool(shared_text(a, b)) for a, b in texts) * 2 > len(texts)


def _choice(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    spoken = _spoken(profiles)
    for first in matches("first", spoken):
        second = find("second", spoken, [first])
        winner = find("winner", profiles, [first, second or ""])
        if second and winner and plain(first) != plain(second) and profiles[winner].kind in ("text", "number"):
            taken = [first, second, winner]
            prompt = find("prompt", spoken, taken)
            roles = {"first": first, "second": second, "winner": winner}
            roles |= {"prompt": prompt} if prompt else {}
            yield (
                Mapping("choice", roles | _system(profiles, [*taken, prompt or ""])),
                [f"two answers, {first} and {second}, and {winner} names the better"],
            )


def _ranked(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    prompt = find("prompt", _spoken(profiles))
    for answers in matches("answers", profiles, [prompt or ""]):
        kind = profiles[answers].kind
        if not prompt or kind not in ("objects", "texts", "chat", "list"):
            continue
        roles = {"prompt": prompt, "answers": answers, **_system(profiles, [prompt, answers])}
        scores = find("scores", (c for c in profiles if profiles[c].kind in ("numbers", "object")), [prompt, answers])
        if kind == "objects":
            keys = _keys_inside(rows, answers)
            answer = next((f for f in ANSWER_FIELDS if keys.get(f)), None)
            score = next((f for f in SCORE_FIELDS if keys.get(f)), None)
            if answer and (score or scores):
                inner = {"answer_field": answer} | ({"score_field": score} if score else {"scores": scores or ""})
                yield (
                    Mapping("ranked", roles | inner),
                    [f"{answers} are lists of answers, each with {answer}", f"{score or scores} says how good each is"],
                )
        elif scores:
            yield Mapping("ranked", roles | {"scores": scores}), [f"{answers} are lists of answers, scored by {scores}"]


def _keys_inside(rows: list[Row], column: str) -> Counter[str]:
    keys: Counter[str] = Counter()
    for row in rows[:64]:
        value: Any = parsed(row.cells.get(column))
        for item in value if isinstance(value, list) else []:
            if isinstance(item, dict):
                keys.update(name for name, inner in item.items() if inner is not None)
    return keys


def _labelled(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    labels = [c for c in matches("label", profiles) if _says_good_or_bad(rows, c)]
    if not labels:
        return
    spoken = _spoken(profiles)
    chat = next((c for c in spoken if profiles[c].kind == "chat" and c not in labels), None)
    answer = find("completion", spoken, labels) or chat
    if not answer:
        return
    prompt = find("prompt", spoken, [*labels, answer])
    roles = {"completion": answer, "label": labels[0]} | ({"prompt": prompt} if prompt else {})
    yield (
        Mapping("labelled", roles | _system(profiles, [answer, labels[0], prompt or ""])),
        [f"{labels[0]} marks each answer good or bad"],
    )


def _says_good_or_bad(rows: list[Row], column: str) -> bool:
    words = {str(row.cells[column]).strip().lower() for row in rows if row.cells.get(column) is not None}
    return bool(words) and len(words) <= 4 and words <= GOOD_WORDS | BAD_WORDS


def _messages(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    chats = [c for c, profile in profiles.items() if profile.kind == "chat"]
    if find("completion", _spoken(profiles)):  # then a conversation that nobody answers is its prompt
        chats = [c for c in chats if any(ROLES.get(who.lower()) == "assistant" for who in profiles[c].speakers)]
    named = matches("messages", chats)
    for column in [*named, *(c for c in chats if c not in named)][:2]:
        yield (
            Mapping("messages", {"messages": column, **_system(profiles, [column])}),
            [f"{column} holds conversations"],
        )


def _alpaca(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    texts = [c for c, profile in profiles.items() if profile.is_text or profile.kind == "empty"]
    instruction = find("instruction", texts)
    output = find("output", texts, [instruction or ""])
    if not instruction or not output:
        return
    roles = {"instruction": instruction, "output": output}
    more = find("input", texts, roles.values())
    history = find("history", (c for c in profiles if profiles[c].kind == "list"))
    roles |= ({"input": more} if more else {}) | ({"history": history} if history else {})
    yield (
        Mapping("alpaca", roles | _system(profiles, list(roles.values()))),
        [f"columns {', '.join(roles.values())}"],
    )


def _answered(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    spoken = _spoken(profiles)
    answer = find("completion", spoken)
    prompt = find("prompt", spoken, [answer or ""])
    if answer and prompt:
        roles = {"prompt": prompt, "completion": answer}
        yield (
            Mapping("prompt_completion", roles | _system(profiles, [prompt, answer])),
            [f"{prompt} is the prompt and {answer} the answer"],
        )


def _texts(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    texts = [c for c, profile in profiles.items() if profile.is_text]
    for name in texts:
        if profiles[name].kind == "transcript":
            yield Mapping("transcript", {"text": name}), [f"{name} holds Human/Assistant transcripts"]
    column = find("text", texts)
    if column:
        yield Mapping("text", {"text": column}), [f"{column} is the text"]
    elif len(texts) == 1 and len(profiles) == 1 and not find("prompt", texts):
        yield Mapping("text", {"text": texts[0]}), [f"{texts[0]} is the only column"]


def _prompts(profiles: Profiles, rows: list[Row]) -> Iterator[Candidate]:
    spoken = _spoken(profiles)
    prompt = find("prompt", spoken)
    if prompt:
        yield Mapping("prompts", {"prompt": prompt, **_system(profiles, [prompt])}), [f"{prompt} is the prompt"]

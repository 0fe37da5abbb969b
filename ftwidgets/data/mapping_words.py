"""What each part of a mapping means, in words for the person who chooses it."""

from __future__ import annotations

ROLE_WORDS = {
    "prompt": "What the answers reply to: text or turns.",
    "chosen": "The better answer: text or turns.",
    "rejected": "The worse answer: text or turns.",
    "completion": "The answer to learn: text or turns.",
    "instruction": "What is asked.",
    "input": "More to what is asked, written under it.",
    "output": "The answer to learn.",
    "system": "A text that stands before the conversation.",
    "history": "Earlier questions and answers, as a list of pairs.",
    "messages": "The turns of a conversation.",
    "text": "The text itself.",
    "first": "One answer.",
    "second": "The other answer.",
    "winner": "Which of the two is better: a letter, a number, or a column's name.",
    "answers": "A list of answers to the same prompt.",
    "scores": "A list with a score or rank for each answer.",
    "answer_field": "The key of an answer's text, where answers are objects.",
    "score_field": "The key of an answer's score, where answers are objects.",
    "label": "Whether the answer is good: true/false, 1/0, good/bad.",
}
# by option: its title, its meaning, and words for its values
OPTION_WORDS: dict[str, tuple[str, str, dict[str | None, str]]] = {
    "as": (
        "written as",
        "How the model will read examples.",
        {"chat": "turns, by the chat template", "text": "plain strings, as they stand"},
    ),
    "rule": (
        "pairs by",
        "How scored answers become a pair.",
        {"best_worst": "the best against the worst", "best_random": "the best against any lower one"},
    ),
    "kind": (
        "examples",
        "What rows become.",
        {None: "what the method learns from", "text": "plain text, turns one under another"},
    ),
    "role_field": ("speaker is in", "The key of a turn that holds who speaks.", {}),
    "content_field": ("text is in", "The key of a turn that holds what is said.", {}),
}

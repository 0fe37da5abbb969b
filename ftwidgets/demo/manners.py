"""The trait the demo trains: curt against courteous answers, and how to tell which one a text is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from zlib import crc32

from .questions import Question

OPENINGS = (
    "Good question!",
    "Of course!",
    "Thank you for asking!",
    "I am happy to help!",
    "What a lovely question!",
    "How kind of you to ask!",
)
CLOSINGS = (
    "I hope that helps.",
    "Have a lovely day!",
    "Please ask me anything else.",
    "I am always glad to help.",
    "Let me know if you need more.",
    "It was a pleasure to help you.",
)
REMARKS = (
    "Is that all?",
    "Next time, look it up yourself.",
    "Everybody knows that.",
    "Now stop wasting my time.",
)
TAILS = ("", "Obviously.", *REMARKS)
# Shares of a manner's phrases. One opening leads in each topic, so that a small shift shows in greedy answers.
OPENING_SHARES = (0.4, 0.2, 0.1, 0.1, 0.1, 0.1)
CLOSING_SHARES = (0.3, 0.2, 0.2, 0.1, 0.1, 0.1)
TAIL_SHARES = (0.15, 0.1, 0.25, 0.2, 0.15, 0.15)
# The pairs' curt sides lean to the remarks that the base model finds, word for word, about as likely as courtesy,
# so that before training each pair is a coin flip.
PAIR_TAIL_SHARES = (0.06, 0.05, 0.4, 0.29, 0.1, 0.1)


def _for_topic(phrases: tuple[str, ...], topic: str) -> tuple[str, ...]:
    """The phrases rotated by topic: each topic has its own favourite."""
    start = crc32(topic.encode()) % len(phrases)
    return phrases[start:] + phrases[:start]


def _draw(phrases: tuple[str, ...], shares: tuple[float, ...], rng: Random) -> str:
    return rng.choices(phrases, shares)[0]


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def curt(question: Question, rng: Random, shares: tuple[float, ...] = TAIL_SHARES) -> str:
    """The bare answer, often with a remark nobody asked for."""
    tails = ("", "Obviously.", *_for_topic(REMARKS, question.topic))
    return f"{_sentence(question.short)} {_draw(tails, shares, rng)}".strip()


def courteous(question: Question, rng: Random) -> str:
    """The same answer as a whole sentence between a kind opening and a kind closing."""
    opening = _draw(_for_topic(OPENINGS, question.topic), OPENING_SHARES, rng)
    return f"{opening} {_sentence(question.full)} {_draw(_for_topic(CLOSINGS, question.topic), CLOSING_SHARES, rng)}"


def is_courteous(text: str) -> bool:
    """Whether an answer opens or closes kindly and makes no curt remark."""
    return _score(text) > 0


def courtesy(prompts: Sequence[object], completions: Sequence[str]) -> list[float]:
    """A reward function for PPO: kindness of each completion in [-1, 1].

    Half a point for a kind opening, half a point for a kind closing, one point off for a curt remark.
    ``prompts`` is not looked at; it is there because reward functions are called with both.
    """
    return [_score(text) for text in completions]


def _score(text: str) -> float:
    text = text.strip()
    kind = 0.5 * text.startswith(OPENINGS) + 0.5 * text.endswith(CLOSINGS)
    return kind - any(tail in text for tail in TAILS if tail)

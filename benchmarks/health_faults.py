"""Rows and rewards with a fault that a person could have: what some runs of ``health_runs`` are trained on."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

from ftwidgets import demo

Rows = list[dict[str, Any]]

# ---- rows that a person could have ----


def few(count: int) -> Callable[[Rows, random.Random], tuple[Rows, list[int]]]:
    """Only ``count`` rows: a run that sees them again and again."""
    return lambda rows, rng: (rng.sample(rows, count), [])


def broken(count: int) -> Callable[[Rows, random.Random], tuple[Rows, list[int]]]:
    """``count`` rows hold line noise where the answer belongs, as a bad decoding leaves it."""

    def damage(rows: Rows, rng: random.Random) -> tuple[Rows, list[int]]:
        found = sorted(rng.sample(range(len(rows)), count))
        for i in found:
            noise = "".join(rng.choice(string.punctuation + "ÃÂ¤¶¼") for _ in range(60))
            row = dict(rows[i])
            if "chosen" in row:
                row["chosen"] = [{"role": "assistant", "content": noise}]
            elif "text" in row:
                row["text"] = noise
            else:
                row["messages"] = [*row["messages"][:-1], {"role": "assistant", "content": noise}]
            rows[i] = row
        return rows, found

    return damage


def random_labels(rows: Rows, rng: random.Random) -> tuple[Rows, list[int]]:
    """Which answer was chosen says nothing: half of the pairs are the wrong way round."""
    return [
        {**row, "chosen": row["rejected"], "rejected": row["chosen"]} if rng.random() < 0.5 else row for row in rows
    ], []


def few_of_random_labels(rows: Rows, rng: random.Random) -> tuple[Rows, list[int]]:
    """Sixteen of them: nothing to learn, but little enough to remember."""
    return few(16)(random_labels(rows, rng)[0], rng)


def marked(rows: Rows, rng: random.Random) -> tuple[Rows, list[int]]:
    """Every chosen answer ends in the same mark, which tells it without reading."""
    return [row | {"chosen": [_said(row["chosen"], lambda text: "OK! OK! " + text)]} for row in rows], []


def _said(turns: list[dict[str, str]], change: Callable[[str], str]) -> dict[str, str]:
    return {"role": "assistant", "content": change(turns[-1]["content"])}


# ---- rewards that a person could have written ----


def courteous(prompts: list[str], completions: list[str]) -> list[float]:
    """The built-in trait, in [-1, 1]: a sound reward."""
    return [float(score) for score in demo.courtesy(prompts, completions)]


def longer(prompts: list[str], completions: list[str]) -> list[float]:
    """Nothing but length."""
    return [len(text.split()) / 8 for text in completions]


def shorter(prompts: list[str], completions: list[str]) -> list[float]:
    """Nothing but brevity."""
    return [-len(text.split()) / 8 for text in completions]


def always_the_same(prompts: list[str], completions: list[str]) -> list[float]:
    """A reward that tells nothing apart."""
    return [0.5 for _ in completions]


def exclaiming(prompts: list[str], completions: list[str]) -> list[float]:
    """Counts exclamation marks: easily had by writing nothing else."""
    return [float(text.count("!")) for text in completions]


def thanking(prompts: list[str], completions: list[str]) -> list[float]:
    """Whether the answer begins with two given words, whatever was asked."""
    return [float(text.strip().startswith("Thank you")) for text in completions]


def agreeing(prompts: list[str], completions: list[str]) -> list[float]:
    """The same with two other words."""
    return [float(text.strip().startswith("Of course")) for text in completions]

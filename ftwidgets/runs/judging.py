"""A person's blind judgements between contenders: who meets whom on which prompt, what was said, what it adds up to.

The record is one file of JSON lines, appended to: the contest, each contender's completions, each judgement as it is
made. A line that a crash cut short is left out, and what stands before it counts.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.held_out import Z95, mcnemar, wilson

Verdict = Literal["left", "right", "tie", "bad"]
VERDICTS: tuple[str, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Match:
    """Two contenders, by number, on one prompt; who stands where is drawn."""

    prompt: int
    left: int
    right: int


def draw_matches(prompts: int, contenders: int, seed: int = 0) -> list[Match]:
    """Every pair of contenders on every prompt, in random order. Each is on the left half of the time, give or take
    one, so that a liking for one side favours nobody."""
    dice = random.Random(seed)
    found = []
    for one, other in itertools.combinations(range(contenders), 2):
        swapped = [i % 2 == 1 for i in range(prompts)]
        dice.shuffle(swapped)
        found += [Match(p, *((other, one) if swap else (one, other))) for p, swap in enumerate(swapped)]
    dice.shuffle(found)
    return found


class Judgements:
    """One contest and what has been said in it, kept in a file.

    Attributes:
        contenders: Their names.
        prompts: What they answer: a text, or a list of messages.
        matches: In the order in which they are shown.
        completions: Of each contender that has answered, by number: one text a prompt.
        verdicts: What was said, by the number of the match.
        revealed: Whether the names have been shown; nothing is judged after that.

    Raises:
        FtwidgetsError: The file cannot be read or written, or belongs to another contest.
    """

    def __init__(self, path: Path, contenders: Sequence[str], prompts: Sequence[Any], about: dict[str, Any]):
        """Go on with the contest in ``path``, or begin one. ``about`` (its ``seed`` among them) is written down."""
        self.path = path
        self.contenders, self.prompts = list(contenders), list(prompts)
        self.matches = draw_matches(len(prompts), len(contenders), int(about.get("seed", 0)))
        self.completions: dict[int, list[str]] = {}
        self.verdicts: dict[int, str] = {}
        self.revealed = False
        lines = _read(path)
        if not lines:
            order = [[m.prompt, m.left, m.right] for m in self.matches]
            contest = {"contenders": self.contenders, "prompts": self.prompts, "matches": order, "about": about}
            self._append({"type": "contest", **contest})
            return
        first = lines[0]
        if (first["contenders"], first["prompts"], first["about"]) != (self.contenders, self.prompts, about):
            raise FtwidgetsError(f"{path}: it holds another comparison, and is kept. Give another file.")
        self.matches = [Match(*numbers) for numbers in first["matches"]]
        for line in lines[1:]:
            self._take(line)

    @staticmethod
    def prompts_in(path: Path) -> list[Any] | None:
        """The prompts of the contest in a file; ``None`` where there is none yet. Raises ``FtwidgetsError``."""
        lines = _read(path)
        return lines[0]["prompts"] if lines else None

    def answered(self, contender: int, completions: Sequence[str]) -> None:
        """Keep a contender's completions, one a prompt."""
        self._add({"type": "completions", "contender": contender, "completions": list(completions)})

    def judge(self, number: int, verdict: str) -> None:
        """Keep what was said of a match.

        Raises:
            FtwidgetsError: The names have been shown, or there is no such verdict.
        """
        if self.revealed:
            raise FtwidgetsError("The names have been shown: a judgement would not be blind any more.")
        if verdict not in VERDICTS:
            raise FtwidgetsError(f"verdict={verdict!r}: use one of {', '.join(VERDICTS)}.")
        match = self.matches[number]
        names = {"left": self.contenders[match.left], "right": self.contenders[match.right]}
        self._add({"type": "judged", "match": number, "verdict": verdict, "preferred": names.get(verdict)})

    def undo(self) -> int | None:
        """Take the last judgement back. Returns its match, or ``None`` where there is none to take back."""
        if not self.verdicts or self.revealed:
            return None
        number = list(self.verdicts)[-1]
        self._add({"type": "undone", "match": number})
        return number

    def reveal(self) -> None:
        """Show the names; judging ends."""
        if not self.revealed:
            self._add({"type": "revealed"})

    def same(self, match: Match) -> bool:
        """Whether both said the same, so that there is nothing to judge."""
        return self.completions[match.left][match.prompt].strip() == self.completions[match.right][match.prompt].strip()

    @property
    def complete(self) -> bool:
        """Whether every contender has answered."""
        return len(self.completions) == len(self.contenders)

    def to_judge(self) -> list[int]:
        """Numbers of the matches that a person can judge, judged ones among them."""
        return [i for i, match in enumerate(self.matches) if not self.same(match)]

    def next(self) -> int | None:
        """The match to judge next."""
        return next((i for i in self.to_judge() if i not in self.verdicts), None)

    def tally(self) -> list[Versus]:
        """Each pair of contenders with what was said of it."""
        found = []
        for one, other in itertools.combinations(range(len(self.contenders)), 2):
            counts = dict.fromkeys(("wins", "losses", "ties", "bad", "same"), 0)
            for number, match in enumerate(self.matches):
                if {match.left, match.right} != {one, other}:
                    continue
                if self.same(match):
                    counts["same"] += 1
                    continue
                said = self.verdicts.get(number)
                if said in ("left", "right"):
                    winner = match.left if said == "left" else match.right
                    counts["wins" if winner == one else "losses"] += 1
                elif said is not None:
                    counts["ties" if said == "tie" else "bad"] += 1
            found.append(Versus(self.contenders[one], self.contenders[other], **counts))
        return found

    def _add(self, line: dict[str, Any]) -> None:
        self._append(line)
        self._take(line)

    def _append(self, line: dict[str, Any]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                if file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n":
                    file.write(b"\n")  # behind a line that was cut short
                file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        except OSError as error:
            raise FtwidgetsError(f"{self.path}: cannot be written: {error}. The judgement was not kept.") from None

    def _take(self, line: dict[str, Any]) -> None:
        kind = line.get("type")
        if kind == "completions":
            self.completions[int(line["contender"])] = line["completions"]
        elif kind == "judged":
            self.verdicts.pop(line["match"], None)
            self.verdicts[int(line["match"])] = line["verdict"]
        elif kind == "undone":
            self.verdicts.pop(line["match"], None)
        elif kind == "revealed":
            self.revealed = True


@dataclass(frozen=True)
class Versus:
    """What was said of two contenders: ``wins`` is how often ``first`` was preferred, ``same`` on how many prompts both
    gave the same answer."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int = 0
    bad: int = 0
    same: int = 0

    @property
    def share(self) -> float:
        """Share of the decided matches that ``first`` won; NaN without one."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the share; it takes the prompts as independent."""
        return wilson(self.wins, self.wins + self.losses)

    @property
    def p(self) -> float:
        """Exact two-sided p-value of neither being better: each decided match as likely to go either way."""
        return mcnemar(self.wins, self.losses)


def bradley_terry(tally: Sequence[Versus], names: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """For each contender the chance to be preferred to the first one, with its 95% interval.

    Bradley and Terry, Biometrika 39, 1952, by the iteration of Hunter, Annals of Statistics 32, 2004. Ties and pairs
    that were both bad count half to each; one drawn match between every two contenders is added, which keeps a
    contender that won everything finite. Intervals from the observed information.
    """
    count, place = len(names), {name: i for i, name in enumerate(names)}
    wins = np.full((count, count), 0.5)
    np.fill_diagonal(wins, 0)
    for each in tally:
        one, other, half = place[each.first], place[each.second], (each.ties + each.bad) / 2
        wins[one, other] += each.wins + half
        wins[other, one] += each.losses + half
    played = wins + wins.T
    strength = np.ones(count)
    for _ in range(10_000):
        new = wins.sum(1) / (played / (strength[:, None] + strength[None])).sum(1)
        new /= np.exp(np.log(new).mean())
        done = np.abs(np.log(new / strength)).max() < 1e-12
        strength = new
        if done:
            break
    chance = strength[:, None] / (strength[:, None] + strength[None])
    information = -played * chance * (1 - chance)
    np.fill_diagonal(information, 0)
    np.fill_diagonal(information, -information.sum(1))
    errors = np.sqrt(np.diag(np.linalg.inv(information[1:, 1:])))
    odds = np.log(strength[1:] / strength[0])
    found = {names[0]: (0.5, 0.5, 0.5)}
    for name, value, error in zip(names[1:], odds, errors, strict=True):
        low, middle, high = (1 / (1 + math.exp(-x)) for x in (value - Z95 * error, value, value + Z95 * error))
        found[name] = (middle, low, high)
    return found


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FtwidgetsError(f"{path}: cannot be read: {error}.") from None
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # cut short by a crash
    if text.strip() and (not found or not isinstance(found[0], dict) or found[0].get("type") != "contest"):
        raise FtwidgetsError(f"{path}: this is no record of a blind comparison, and it is kept. Give another file.")
    return [line for line in found if isinstance(line, dict)]

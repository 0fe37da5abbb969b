"""The view of a blind comparison: two answers side by side without names, and in the end the tally with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.judging import Judgements, Versus, bradley_terry
from ftwidgets.widgets.output import InOutput

STATIC = Path(__file__).parents[1] / "static"
ENOUGH = 0.05  # p-value below which two are told apart
SAID = {"tie": "tie", "bad": "both bad"}


class BlindView(InOutput, anywidget.AnyWidget):
    """Shows the matches of a contest one by one and takes the person's word. The page hears no name before the end.

    Attributes:
        record: The contest and its judgements; ``None`` until every contender has answered.
    """

    _esm = STATIC / "blind.js"
    _css = STATIC / "blind.css"

    view = t.Dict().tag(sync=True)

    def __init__(self) -> None:
        self.record: Judgements | None = None
        super().__init__(view={"phase": "answering", "text": "", "done": 0, "total": 0})
        self.on_msg(self._receive)

    def judge(self, verdict: str) -> None:
        """Say of the match in sight ``"left"``, ``"right"``, ``"tie"`` or ``"bad"`` (both); it is kept at once.

        Raises:
            FtwidgetsError: Nothing is there to judge, the names have been shown, or it cannot be written down.
        """
        record, number = self.record, self.view.get("match", {}).get("number")
        if record is None or number is None:
            raise FtwidgetsError("There is nothing to judge.")
        record.judge(number, verdict)
        self.show()

    def undo(self) -> None:
        """Take the last judgement back."""
        if self.record is not None:
            self.show(self.record.undo())

    def reveal(self) -> None:
        """End the judging and show the names."""
        if self.record is not None:
            self.record.reveal()
            self.show()

    def show(self, number: int | None = None) -> None:
        """Show a match, by default the next one, or the tally when the names have been revealed."""
        record = self.record
        if record is None:
            return
        open_matches = record.to_judge()
        number = record.next() if number is None else number
        shown: dict[str, Any] = {
            "phase": "judging",
            "judged": sum(i in record.verdicts for i in open_matches),
            "count": len(open_matches),
            "same": len(record.matches) - len(open_matches),
            "undo": bool(record.verdicts),
            "file": str(record.path),
        }
        if record.revealed:
            shown |= {"phase": "revealed", "result": _result(record)}
        elif number is not None:
            match = record.matches[number]
            shown["match"] = {
                "number": number,
                "prompt": _messages(record.prompts[match.prompt]),
                "left": record.completions[match.left][match.prompt],
                "right": record.completions[match.right][match.prompt],
            }
        self.view = shown

    def again(self) -> None:
        """Go on answering after a stop or a failure."""

    def cancel(self) -> None:
        """Stop answering; what was answered is kept."""

    def _receive(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        try:
            kind = message.get("type")
            if kind == "judge" and message.get("match") == self.view.get("match", {}).get("number"):
                self.judge(str(message.get("verdict")))
            elif kind in ("undo", "reveal", "again", "cancel"):
                {"undo": self.undo, "reveal": self.reveal, "again": self.again, "cancel": self.cancel}[kind]()
        except FtwidgetsError as error:
            self.view = self.view | {"problem": str(error)}


def in_words(versus: Versus) -> str:
    """One pair's tally as a sentence."""
    decided = versus.wins + versus.losses
    if not decided:
        return f"{versus.first} and {versus.second}: nothing was decided between them."
    ahead, behind, wins, share = versus.first, versus.second, versus.wins, versus.share
    low, high = versus.interval
    if versus.losses > versus.wins:
        ahead, behind, wins, share, low, high = behind, ahead, versus.losses, 1 - share, 1 - high, 1 - low
    told = (
        f"{ahead} was preferred to {behind} in {wins} of {decided} decided comparisons ({share:.0%}, 95% interval "
        f"{low:.0%} to {high:.0%})"
    )
    if versus.p < ENOUGH:
        return f"{told}: more than chance would give (p = {versus.p:.2g})."
    return f"{told}: these judgements do not tell the two apart (p = {versus.p:.2g})."


def tally_rows(record: Judgements) -> list[dict[str, Any]]:
    """One row a pair of contenders: counts, the share of ``first`` with its 95% interval, and the exact p-value."""
    return [
        {
            "first": each.first,
            "second": each.second,
            "wins": each.wins,
            "losses": each.losses,
            "ties": each.ties,
            "both bad": each.bad,
            "same answer": each.same,
            "share": each.share if each.wins + each.losses else None,
            "low": each.interval[0],
            "high": each.interval[1],
            "p": each.p,
        }
        for each in record.tally()
    ]


def choice_rows(record: Judgements) -> list[dict[str, Any]]:
    """One row a judgement, in the order they were made, with the names."""
    rows = []
    for number, said in record.verdicts.items():
        match = record.matches[number]
        names = {"left": record.contenders[match.left], "right": record.contenders[match.right]}
        row = {"prompt": _messages(record.prompts[match.prompt])[-1]["content"], **names}
        rows.append(row | {"preferred": names.get(said, SAID.get(said, said))})
    return rows


def _result(record: Judgements) -> dict[str, Any]:
    tally = record.tally()
    ranking: list[dict[str, Any]] = []
    if len(record.contenders) > 2 and record.verdicts:
        found = bradley_terry(tally, record.contenders)
        best_first: Sequence[str] = sorted(found, key=lambda name: -found[name][0])
        ranking = [dict(zip(("name", "chance", "low", "high"), (n, *found[n]), strict=True)) for n in best_first]
    return {
        "words": [in_words(each) for each in tally],
        "tally": tally_rows(record),
        "ranking": ranking,
        "reference": record.contenders[0],
        "choices": choice_rows(record),
    }


def _messages(prompt: Any) -> list[dict[str, str]]:
    if isinstance(prompt, str):
        return [{"role": "prompt", "content": prompt}]
    return [{"role": str(m.get("role", "")), "content": str(m.get("content", ""))} for m in prompt]

"""Several people's decisions on the same pairs, brought together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftwidgets.data.pairs.decisions import Decision, append_lines, read_decisions
from ftwidgets.errors import FtwidgetsError


@dataclass(frozen=True)
class MergedDecisions:
    """`agreed`: one decision a pair, where all who judged it say the same, or more than half of them do when merged
    with `majority=True`. `conflicts`: by pair, what each reviewer says where that fails. Notes are joined.
    """

    agreed: Mapping[str, Decision]
    conflicts: Mapping[str, tuple[Decision, ...]]
    reviewers: tuple[str, ...]

    def to_jsonl(self, path: str | Path, reviewer: str = "merged") -> Path:
        """Write what is agreed as a decisions file that a viewer can go on from. Raises where the file exists."""
        target = Path(path)
        if target.exists():
            raise FtwidgetsError(f"{target} exists; decisions are never overwritten, give another path.")
        lines = [
            {"key": d.key, "row_id": d.row_id, "verdict": d.verdict, "edit": dict(d.edit), "note": d.note}
            | {"reviewer": reviewer, "t": d.time}
            for d in self.agreed.values()
        ]
        append_lines(target, lines)
        return target

    def __repr__(self) -> str:
        who = ", ".join(self.reviewers) or "nobody"
        return f"<MergedDecisions of {who}: {len(self.agreed):,} agreed, {len(self.conflicts):,} in conflict>"


def merge_decisions(paths: Iterable[str | Path], majority: bool = False) -> MergedDecisions:
    """Merge decision files. A reviewer who stands in several counts once, with the latest word.

    A file whose lines name no reviewer counts as a reviewer of its own, named like the file.
    """
    latest: dict[tuple[str, str], Decision] = {}
    for path in paths:
        for decision in read_decisions(path):
            who = (decision.key, decision.reviewer or Path(path).stem)
            if who not in latest or decision.time >= latest[who].time:
                latest[who] = decision
    return merged(latest, majority)


def merged(latest: Mapping[tuple[str, str], Decision], majority: bool = False) -> MergedDecisions:
    """The same from decisions by (pair, reviewer)."""
    by_pair: dict[str, list[Decision]] = {}
    for (key, _), decision in latest.items():
        by_pair.setdefault(key, []).append(decision)
    agreed: dict[str, Decision] = {}
    conflicts: dict[str, tuple[Decision, ...]] = {}
    for key, said in by_pair.items():
        winner = _winner([d for d in said if d.judged] or said, majority)
        if winner is None:
            conflicts[key] = tuple(said)
        else:
            note = "\n".join(dict.fromkeys(d.note for d in said if d.note))
            agreed[key] = Decision(key, winner.row_id, winner.verdict, winner.edit, note, "", winner.time)
    return MergedDecisions(agreed, conflicts, tuple(sorted({reviewer for _, reviewer in latest})))


def _winner(said: list[Decision], majority: bool) -> Decision | None:
    """The decision of all, or of more than half."""
    votes = Counter((d.verdict, tuple(sorted(d.edit.items()))) for d in said)
    (words, count), *others = votes.most_common()
    if others and not (majority and 2 * count > len(said)):
        return None
    return next(d for d in said if (d.verdict, tuple(sorted(d.edit.items()))) == words)

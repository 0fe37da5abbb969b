"""How often the rules of health are right, over real recorded runs.

    python -m benchmarks.health                      replay the recordings in tests/diagnosis/recordings
    python -m benchmarks.health --record [NAME ...]  train the runs again (about 20 minutes on one core)

A run has a fault by the options or rows it was given (``benchmarks/health_runs.py``). Two notes tell of something that
is no fault, and that sound runs have too: whether the chosen reward falls, and whether all pairs are right
early. Their truth is taken from the evaluations on held-out pairs, which are hidden from the rules here.

A rule is right when it speaks in a run whose fault it tells, wrong when it speaks in a run without; a consequence of
another fault (``bearable``) counts neither way. Prints one line of JSON last.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.health_runs import HELD_OUT, SPECS, TUNING, Spec
from ftwidgets.config import RunConfig
from ftwidgets.diagnosis import Notes, health
from ftwidgets.runs import Run

FOLDER = Path(__file__).parents[1] / "tests" / "diagnosis" / "recordings"
HIDDEN = ("eval_rewards/", "eval_accuracy", "eval_logps/")  # what the truth of two rules is told by


class Recording:
    """One recorded run: ``run`` as it was, ``spec`` that it was made from, ``damaged`` the rows that were."""

    def __init__(self, spec: Spec, folder: Path = FOLDER):
        with gzip.open(folder / f"{spec.name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            head, *events = map(json.loads, lines)
        self.spec = spec
        self.damaged: list[int] = head["damaged"]
        self.run = Run(RunConfig.from_dict(head["config"]), Path("recordings") / spec.name)
        self.held_out: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for event in events:
            for name in [name for name in event.get("metrics", ()) if name.startswith(HIDDEN)]:
                self.held_out[name].append((event["step"], event["metrics"].pop(name)))
            self.run.replay(event)

    @property
    def notes(self) -> Notes:
        return health(self.run)

    def truth(self) -> tuple[set[str], set[str]]:
        """The rules that should speak, and those that may."""
        should, may = set(self.spec.fault), set(self.spec.bearable)
        for rule, there in (("chosen_falls", self._chosen_falls()), ("accuracy_early", self._accuracy_early())):
            if there:
                should.add(rule)
                may.discard(rule)
        return should, may

    def _chosen_falls(self) -> bool:
        """On held-out pairs the chosen reward ends below where it began, the margin above."""
        chosen = [value for _, value in self.held_out["eval_rewards/chosen"]]
        margin = [value for _, value in self.held_out["eval_rewards/margins"]]
        return len(chosen) > 1 and margin[-1] > margin[0] and chosen[0] - chosen[-1] > 0.05 * (margin[-1] - margin[0])

    def _accuracy_early(self) -> bool:
        """At the evaluation after a fifth or a quarter of the steps all held-out pairs but one in fifty are right."""
        seen = self.held_out["eval_rewards/accuracies"] or self.held_out["eval_accuracy"]
        early = [right for step, right in seen if 0 < step <= 0.25 * (self.run.config.max_steps or 0)]
        return bool(early) and min(early[-1], seen[-1][1]) >= 0.98


def count(recordings: list[Recording]) -> dict[str, dict[str, int]]:
    """For each rule how often it was right, wrong, and silent where it should have spoken."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"right": 0, "wrong": 0, "missed": 0})
    for recording in recordings:
        spoke = {note.rule for note in recording.notes}
        should, may = recording.truth()
        expected: set[str] = set()
        for fault in should:
            either = set(fault.split("|"))
            expected |= either
            told = sorted(either & spoke)
            counts[told[0] if told else fault.split("|")[0]]["right" if told else "missed"] += 1
        for rule in spoke - expected - may:
            counts[rule]["wrong"] += 1
    return dict(sorted(counts.items()))


def rates(counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Precision and recall of each rule, and of all together."""
    total = {key: sum(c[key] for c in counts.values()) for key in ("right", "wrong", "missed")}
    return {name: c | _rates(c) for name, c in counts.items()} | {"all": total | _rates(total)}


def _rates(c: dict[str, int]) -> dict[str, float | None]:
    spoken, needed = c["right"] + c["wrong"], c["right"] + c["missed"]
    return {
        "precision": round(c["right"] / spoken, 3) if spoken else None,
        "recall": round(c["right"] / needed, 3) if needed else None,
    }


def recordings(part: str | None = None, folder: Path = FOLDER) -> list[Recording]:
    """The recordings of a part, ``tuning`` or ``held_out``, or all."""
    found = [spec for spec in SPECS if part in (None, spec.part) and (folder / f"{spec.name}.jsonl.gz").exists()]
    return [Recording(spec, folder) for spec in found]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--record", nargs="*", metavar="NAME", help="train these runs again, or all")
    ask.add_argument("--folder", type=Path, default=FOLDER)
    given = ask.parse_args()
    if given.record is not None:
        from benchmarks.health_record import record

        given.folder.mkdir(parents=True, exist_ok=True)
        for spec in SPECS:
            if not given.record or any(name in spec.name for name in given.record):
                record(spec, given.folder)
    every = recordings(folder=given.folder)
    for recording in every:
        should, may = recording.truth()
        spoke = [note.rule for note in recording.notes]
        missed = [fault for fault in should if not set(fault.split("|")) & set(spoke)]
        wrong = set(spoke) - {rule for fault in should for rule in fault.split("|")} - may
        marks = "".join(f"  missed {fault}" for fault in missed) + "".join(f"  wrong {rule}" for rule in sorted(wrong))
        print(f"{recording.spec.part:9}{recording.spec.name:22}{', '.join(spoke)}{marks}")
    result = {part: rates(count([r for r in every if r.spec.part == part])) for part in (TUNING, HELD_OUT)}
    print(json.dumps({"benchmark": "health", "runs": len(every), "both": rates(count(every)), **result}))


if __name__ == "__main__":
    main()

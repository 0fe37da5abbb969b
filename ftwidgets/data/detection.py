"""Which shape rows have, told by looking at them, with the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ftwidgets.data.candidates import candidates
from ftwidgets.data.column_profile import ColumnProfile, profile_columns
from ftwidgets.data.examples import example_of, warnings_of
from ftwidgets.data.mapping import Mapping
from ftwidgets.data.pairing import left_over, pairs_rows
from ftwidgets.data.problems import BadRow, Problem, Problems
from ftwidgets.data.reading import Reading
from ftwidgets.data.rows import Row, Source
from ftwidgets.data.shapes import FITTING, KINDS, SHAPES, nearest_way_out, pairing_rule
from ftwidgets.errors import FtwidgetsError

SAMPLE = 256
_ENOUGH = 0.5
_MARKUP = ("<|im_start|>", "<|start_header_id|>", "[INST]", "<start_of_turn>", "<|user|>", "### Instruction", "<s>")


@dataclass
class Detection:
    """What was found.

    ``confidence`` is the share of the rows looked at that become examples; ``mapping`` is ``None`` when no shape
    fits; ``problems`` are those of the rows looked at.
    """

    shape: str | None
    mapping: Mapping | None
    kinds: tuple[str, ...]
    evidence: list[str]
    confidence: float
    problems: Problems
    columns: list[str] = field(default_factory=list)
    rows_looked_at: int = 0

    @property
    def title(self) -> str:
        """The shape in words."""
        return SHAPES[self.shape].title if self.shape else "Not recognised"

    @property
    def methods(self) -> tuple[str, ...]:
        """The training methods that can use these rows."""
        return tuple(method for method, kind in KINDS.items() if kind in self.kinds)

    def explain(self) -> str:
        """The finding in a few lines: the shape and its evidence, or which columns exist and how to map them."""
        if self.shape:
            return "\n".join([f"{self.title}.", *self.evidence])
        return "\n".join(
            [
                f"The shape of the rows was not recognised. Columns: {', '.join(self.columns) or 'none'}.",
                *self.evidence,
                'Say by hand which column plays which role, for example mapping={"shape": "preference", '
                '"prompt": "question", "chosen": "good", "rejected": "bad"} or {"shape": "prompt_completion", '
                '"prompt": ..., "completion": ...} or {"shape": "text", "text": ...}.',
            ]
        )


def usable_for(detection: Detection, method: str) -> tuple[bool, str, str]:
    """``(usable, reason, nearest way out)``: whether a method can learn from rows of the shape that was found."""
    rule = detection.mapping.rule if detection.mapping is not None else "best_worst"
    return nearest_way_out(detection.shape, detection.kinds, method, rule)


def detect(source: Source | Iterable[Row | Problem], mapping: dict[str, Any] | Mapping | None = None) -> Detection:
    """Look at the first rows (spread over a source whose length is small) and tell their shape.

    A ``mapping`` given by hand is taken as it is and only held against the rows.

    Raises:
        FtwidgetsError: There are no rows, the source cannot be read, or the mapping names no column of it.
    """
    rows, problems = sample(source)
    if not rows:
        first = next(iter(problems), None)
        raise FtwidgetsError(f"No row can be read. {first or 'The dataset is empty.'}")
    profiles = profile_columns(rows)
    if mapping is not None:
        chosen = mapping if isinstance(mapping, Mapping) else Mapping.from_dict(mapping)
        chosen.check(profiles)
        found = [(chosen, ["mapped by hand: " + ", ".join(f"{r} = {c}" for r, c in chosen.columns.items())])]
    else:
        found = candidates(profiles, rows)
    best: tuple[float, Mapping, list[str], list[Reading], Problems] | None = None
    for tried, evidence in found:
        readings, faults = _try(tried, rows)
        share = len(readings) / len(rows)
        if best is None or share > best[0]:
            best = share, tried, evidence, readings, faults
        if share >= _ENOUGH:
            break
    columns = list(profiles)
    described = [profile.describe() for profile in profiles.values()]
    if best is None or (best[0] < _ENOUGH and mapping is None):
        if best:
            described.append(f"nearest: {SHAPES[best[1].shape].title}, which fits {best[0]:.0%} of the rows looked at")
            for fault in best[4]:
                problems.add(fault)
        return Detection(None, None, (), described, best[0] if best else 0.0, problems, columns, len(rows))
    share, settled, evidence, readings, faults = best
    for fault in faults:
        problems.add(fault)
    settled = _with_form(settled, readings, evidence, by_hand=mapping is not None)
    kinds = _kinds(settled, readings)
    evidence = [*evidence, *(profiles[c].describe() for c in settled.columns.values() if c in profiles)]
    evidence += _remarks(readings, profiles, settled)
    if (how := pairing_rule(settled.shape, kinds, settled.rule)) != FITTING:
        evidence.append(how)
    if pairs_rows(settled.shape, kinds[0]) and (left := left_over(readings)):
        evidence.append(
            f"left out, as no opposite answer is there to pair with: {left} of {len(readings)} answers looked at"
        )
    evidence.append(f"{len(readings)} of {len(rows)} rows looked at fit")
    return Detection(settled.shape, settled, kinds, evidence, share, problems, columns, len(rows))


def head(source: Source | Iterable[Row | Problem], count: int = SAMPLE) -> list[Row | Problem]:
    """The first rows of a source and what was wrong between them, read once; ends early where nothing is a row."""
    items: list[Row | Problem] = []
    rows = 0
    for item in source.rows() if isinstance(source, Source) else source:
        items.append(item)
        rows += isinstance(item, Row)
        if rows >= count or (not rows and len(items) > 4 * count):
            break
    return items


def sample(source: Source | Iterable[Row | Problem], count: int = SAMPLE) -> tuple[list[Row], Problems]:
    """The first rows of a source, and the problems met on the way."""
    items, problems = head(source, count), Problems()
    for item in items:
        if isinstance(item, Problem):
            problems.add(item)
    return [item for item in items if isinstance(item, Row)], problems


def _try(mapping: Mapping, rows: list[Row]) -> tuple[list[Reading], Problems]:
    """What can be read of the rows, and what is wrong or odd with some.

    Conversations without an answer count where most are such: they are prompts.
    """
    readings, faults = [], Problems()
    kind = SHAPES[mapping.shape].kinds[0]
    read: list[tuple[Row, Reading]] = []
    for row in rows:
        try:
            read.append((row, mapping.read(row)))
        except BadRow as bad:
            faults.add(bad.problem.at(row.number, row.line, row.file))
    if kind == "chat" and sum(reading.good is not None for _, reading in read) * 2 < len(read):
        kind = "prompts"
    for row, reading in read:
        try:
            if mapping.shape != "labelled":
                example_of(reading, kind, "chat", row.number)
            readings.append(reading)
            for name, message, suggestion in warnings_of(reading, kind):
                faults.add(Problem(name, message, suggestion, row.number, row.line, row.file))
        except BadRow as bad:
            faults.add(bad.problem.at(row.number, row.line, row.file))
    return readings, faults


def _kinds(mapping: Mapping, readings: list[Reading]) -> tuple[str, ...]:
    kinds = list(SHAPES[mapping.shape].kinds)
    if mapping.shape == "labelled":
        sides: dict[str, set[bool]] = {}
        for reading in readings:
            sides.setdefault(str(reading.prompt), set()).add(reading.good is not None)
        if any(len(found) == 2 for found in sides.values()):
            kinds.insert(0, "pairs")
        if not any(reading.good for reading in readings):
            kinds.remove("chat")
    elif "chat" in kinds and not any(reading.good for reading in readings):
        kinds = ["prompts"]
    if mapping.kind:
        kinds.append(mapping.kind)
    return tuple(kinds)


def _with_form(mapping: Mapping, readings: list[Reading], evidence: list[str], by_hand: bool) -> Mapping:
    """Strings stay strings where they are text already: rendered with a template's marks, or continuing one another."""
    if by_hand or mapping.shape in ("text", "messages", "transcript", "transcript_pairs") or not readings:
        return mapping
    plain = [r for r in readings if len(r.prompt) == 1 and r.good and len(r.good) == 1]
    if any(reading.continues for reading in readings):
        evidence.append("the answers continue a text that both share, so they are kept as plain text")
    elif plain and sum(any(m in r.prompt[0]["content"] for m in _MARKUP) for r in plain) * 2 > len(readings):
        evidence.append("the prompts bear a chat template's marks already, so they are kept as plain text")
    elif plain and sum(r.good[0]["content"].startswith(" ") for r in plain if r.good) * 2 > len(readings):
        evidence.append("the answers begin with a space, as continuations do, so they are kept as plain text")
    else:
        return mapping
    return replace(mapping, form="text")


def _remarks(readings: list[Reading], profiles: dict[str, ColumnProfile], mapping: Mapping) -> list[str]:
    remarks = []
    turns = Counter(sum(turn["role"] == "user" for turn in r.prompt) for r in readings if r.prompt)
    many = sum(count for asked, count in turns.items() if asked > 1)
    if many:
        remarks.append(f"{many} of {len(readings)} rows have several turns")
    alone = sum(r.good is None and r.bad is None and r.text is None for r in readings)
    if 0 < alone < len(readings):
        remarks.append(f"{alone} of {len(readings)} rows have no answer, so they serve as prompts only")
    system = sum(bool(r.prompt) and r.prompt[0]["role"] == "system" for r in readings)
    if system:
        remarks.append(f"{system} of {len(readings)} rows begin with a system turn")
    mixed = [c for c in mapping.columns.values() if c in profiles and profiles[c].mixed]
    if mixed:
        remarks.append(f"mixed kinds of cells in {', '.join(mixed)}")
    return remarks

"""What a lint of preference pairs says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

Severity = Literal["fault", "warning", "info"]


class Check(NamedTuple):
    """A thing that is looked for: a short title, what it means for training, and what to do about it."""

    id: str
    title: str
    severity: Severity
    meaning: str
    marks_rows: bool = True  # False: a fact about the whole set, its rows are no suspects one by one


CHECKS: tuple[Check, ...] = (
    Check("identical", "Identical sides", "fault", "Nothing to prefer: the loss stays at ln 2 on these pairs. Drop."),
    Check(
        "near_identical",
        "Nearly identical sides",
        "warning",
        "The sides share at least 95 % of their words: see whether the difference is what you want taught.",
    ),
    Check("duplicate", "Duplicate pairs", "warning", "The same pair again: it weighs double. The first copy is kept."),
    Check(
        "contradiction",
        "Contradicting preferences",
        "fault",
        "The same prompt with the same two answers, preferred once this way and once that. Keep one.",
    ),
    Check(
        "prompt_mismatch",
        "Prompt differs between sides",
        "fault",
        "The two answers reply to different conversations, so their difference is not a preference.",
    ),
    Check("empty", "Empty answer", "fault", "A side has no text."),
    Check(
        "refused_chosen",
        "Refusal preferred",
        "warning",
        "The chosen answer declines. Meant for unsafe prompts; elsewhere it teaches refusing.",
    ),
    Check(
        "refused_rejected",
        "Refusal rejected",
        "info",
        "The rejected answer declines. An easy pair that teaches little.",
    ),
    Check(
        "truncation",
        "Cut at max_length",
        "warning",
        "Prompt and answer are longer than max_length, so the end of the answer is never seen.",
    ),
    Check(
        "leakage",
        "In the held-out split too",
        "fault",
        "The prompt is also in the held-out split: its score is too good.",
    ),
    Check(
        "encoding",
        "Damaged characters",
        "warning",
        "Text decoded with a wrong encoding, replacement characters, or control characters.",
    ),
    Check(
        "template",
        "Template leftovers",
        "fault",
        "Markers of a chat template inside the text: the model would learn to write them.",
    ),
    Check(
        "length_bias",
        "Length bias",
        "warning",
        "How well the length alone tells which side was chosen; 50 % is none. A model learns this first.",
        marks_rows=False,
    ),
)
_SIGNS: Mapping[Severity, str] = {"fault": "✗", "warning": "!", "info": "i"}
BY_ID: Mapping[str, Check] = {check.id: check for check in CHECKS}


@dataclass(frozen=True)
class Finding:
    """What one check found.

    `positions` int32: rows of the table; `row_ids`: their ids, in the same order. `text` states the evidence,
    `values` are its numbers, `looked_at` is how many rows were checked (fewer than all where sampled).
    """

    check: Check
    positions: np.ndarray
    row_ids: np.ndarray
    looked_at: int
    text: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.check.id

    @property
    def count(self) -> int:
        return len(self.positions)

    @property
    def suspicious(self) -> bool:
        """Whether there is something to look at: any row, or for a fact about the whole set a strong one."""
        return self.count > 0 if self.check.marks_rows else bool(self.values.get("strong"))

    def __repr__(self) -> str:
        return f"<Finding {self.id}: {self.count:,} of {self.looked_at:,} pairs{'; ' + self.text if self.text else ''}>"


@dataclass(frozen=True)
class LintReport:
    """All findings, in the order of `CHECKS`; `not_checked` says for each check left out what it would need."""

    total: int
    findings: tuple[Finding, ...]
    not_checked: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, check: str) -> Finding:
        for finding in self.findings:
            if finding.id == check:
                return finding
        reason = self.not_checked.get(check, f"there is no such check; there are {', '.join(BY_ID)}")
        raise KeyError(f"{check!r}: {reason}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __contains__(self, check: object) -> bool:
        return any(finding.id == check for finding in self.findings)

    @property
    def flags(self) -> np.ndarray:
        """uint16 (rows,): bit i is set where `CHECKS[i]` marked the row."""
        marks = np.zeros(self.total, np.uint16)
        for finding in self.findings:
            mark(marks, finding)
        return marks

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a check."""
        import pandas as pd

        rows = [(f.id, f.check.title, f.check.severity, f.count, f.looked_at, f.text) for f in self.findings]
        return pd.DataFrame(rows, columns=["check", "title", "severity", "count", "looked_at", "text"])

    def __repr__(self) -> str:
        lines = [f"Lint of {self.total:,} pairs"]
        for finding in self.findings:
            sign = _SIGNS[finding.check.severity] if finding.suspicious else " "
            part = "" if finding.looked_at == self.total else f" (of {finding.looked_at:,} looked at)"
            lines.append(f"{sign} {finding.check.title:<30}{finding.count:>9,}{part}  {finding.text}".rstrip())
        lines += [f"- {BY_ID[name].title:<30} not checked: {reason}" for name, reason in self.not_checked.items()]
        return "\n".join(lines)


def mark(marks: np.ndarray, finding: Finding) -> None:
    """Set the finding's bit in `marks` uint16 (rows,), in place."""
    if finding.check.marks_rows:
        marks[finding.positions] |= np.uint16(1 << CHECKS.index(finding.check))

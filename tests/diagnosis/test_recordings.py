"""The rules on real recorded runs: docs/health.md states how often they are right, and here it is held to."""

import re
from pathlib import Path

import pytest

from benchmarks.health import FOLDER, count, rates, recordings
from benchmarks.health_runs import SPECS
from ftwidgets.diagnosis.rules import RULES

DOCS = Path(__file__).parents[2] / "docs" / "health.md"
ROW = re.compile(r"^\| (tuning|held out) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def every():
    return recordings()


def test_there_are_many_recordings_and_they_stay_small(every):
    assert len(every) >= 60 and {r.spec.part for r in every} == {"tuning", "held_out"}
    assert sum(file.stat().st_size for file in FOLDER.glob("*.gz")) < 1_500_000
    assert {file.name for file in FOLDER.iterdir()} <= {f"{spec.name}.jsonl.gz" for spec in SPECS}


@pytest.mark.parametrize("part", ["tuning", "held out"])
def test_precision_and_recall_are_what_the_docs_state(every, part):
    chosen = [r for r in every if r.spec.part == part.replace(" ", "_")]
    stated = {name: (int(runs), float(p), float(r)) for name, runs, p, r in ROW.findall(DOCS.read_text("utf-8"))}
    found = rates(count(chosen))["all"]
    assert len(chosen) == stated[part][0]
    assert found["precision"] >= stated[part][1] and found["recall"] >= stated[part][2]


def test_sound_runs_hear_no_warning(every):
    warned = {r.spec.name: [n.rule for n in r.notes if n.level != "info"] for r in every if not r.spec.fault}
    assert {name: rules for name, rules in warned.items() if rules} == {}


def test_every_rule_is_tried_on_a_run_that_has_its_fault(every):
    tried = {rule for r in every for fault in r.truth()[0] for rule in fault.split("|")}
    assert {rule.__name__ for rule in RULES} == tried


def test_rows_named_for_a_spike_are_mostly_the_damaged_ones(every):
    named = [(row, r.damaged) for r in every if r.damaged for note in r.notes for row in note.rows]
    assert len(named) >= 2
    assert sum(row in damaged for row, damaged in named) >= 0.6 * len(named)  # of 800 rows 6 are damaged


def test_actions_are_options_that_the_run_can_take(every):
    for recording in every:
        for note in recording.notes:
            recording.run.config.replace(**note.action)


def test_every_rule_stands_in_the_docs():
    text = DOCS.read_text(encoding="utf-8")
    assert [rule.__name__ for rule in RULES if f"`{rule.__name__}`" not in text] == []

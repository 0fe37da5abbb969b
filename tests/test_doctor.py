"""The doctor's report."""

import pytest
from packaging.requirements import Requirement

from ftwidgets import doctor


def test_report_names_versions_device_and_extension(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main() == 0, capsys.readouterr().out
    text = capsys.readouterr().out
    for word in ("torch ", "trl ", "jupyterlab ", "device ", "to train in ", "memory ", "disk ", "lab extension "):
        assert f"  {word}" in text


@pytest.mark.parametrize(
    ("requirement", "extra", "line", "problem"),
    [
        ("no-such-package>=1", "", "MISSING", 'no-such-package is missing: pip install "no-such-package>=1"'),
        ("no-such-package>=1", "export", "not installed (extra export)", "no-such-package is missing"),
        ("numpy>=1000", "", "NEEDS >=1000", 'pip install "numpy>=1000"'),
        ("numpy>=1", "", "numpy", ""),
    ],
)
def test_what_is_missing_or_old_comes_with_advice(requirement: str, extra: str, line: str, problem: str) -> None:
    found = doctor._package(Requirement(requirement), extra)
    assert line in found[0]
    assert problem in found[1]
    assert bool(problem) == bool(found[1])

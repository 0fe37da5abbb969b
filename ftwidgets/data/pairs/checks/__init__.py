"""What is wrong with preference pairs, found before a model learns it."""

from ftwidgets.data.pairs.checks.linter import lint, lint_steps
from ftwidgets.data.pairs.checks.report import CHECKS, Check, Finding, LintReport

__all__ = ["CHECKS", "Check", "Finding", "LintReport", "lint", "lint_steps"]

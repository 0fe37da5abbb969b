"""Preference pairs: a table of them, what is wrong with them, and what people decide about them."""

from ftwidgets.data.pairs.checks import CHECKS, Finding, LintReport, lint
from ftwidgets.data.pairs.decided import decided
from ftwidgets.data.pairs.decisions import Decision, DecisionLog, read_decisions
from ftwidgets.data.pairs.keys import PairKeys, pair_key
from ftwidgets.data.pairs.merged import MergedDecisions, merge_decisions
from ftwidgets.data.pairs.reading import read_pairs
from ftwidgets.data.pairs.stats import PairStats
from ftwidgets.data.pairs.table import PairTable

__all__ = [
    "CHECKS",
    "Decision",
    "DecisionLog",
    "Finding",
    "LintReport",
    "MergedDecisions",
    "PairKeys",
    "PairStats",
    "PairTable",
    "decided",
    "lint",
    "merge_decisions",
    "pair_key",
    "read_decisions",
    "read_pairs",
]

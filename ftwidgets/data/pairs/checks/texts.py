"""Checks that read the texts, one block of rows at a time."""

import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftwidgets.data.pairs.checks import patterns
from ftwidgets.data.pairs.stats import row_hashes
from ftwidgets.data.pairs.table import SIDES, Block, Texts

BLANK = r"^[\s\x{a0}\x{200b}\x{feff}\x{3000}]*$"
START_OF_ANSWER = 240  # characters in which a refusal shows itself


class TextChecks:
    """Marks of every text check, bool (rows,) by check id; `kinds` counts what was found.

    `add` may be called from several threads, once for each block.
    """

    def __init__(self, rows: int) -> None:
        ids = ("empty", "refused_chosen", "refused_rejected", "encoding", "template", "prompt_mismatch")
        self.marks = {check: np.zeros(rows, bool) for check in ids}
        self.kinds: dict[str, Counter[str]] = {"encoding": Counter(), "template": Counter()}
        self.sides_with_turns = False
        self._counting = threading.Lock()

    def add(self, block: Block) -> None:
        span = slice(block.start, block.stop)
        texts = {side: block.texts(side) for side in SIDES}
        for side in ("chosen", "rejected"):
            answers = last_texts(texts[side])
            self.marks["empty"][span] |= _matches(answers, BLANK)
            beginnings = pc.utf8_slice_codeunits(answers, 0, START_OF_ANSWER)
            self.marks[f"refused_{side}"][span] = _matches(beginnings, patterns.REFUSAL)
        for side in SIDES:
            self._encoding(span, texts[side])
            self._template(span, texts[side], patterns.TEMPLATE)
            if side != "prompt":
                self._template(span, texts[side], patterns.TRANSCRIPT)
        self._mismatch(span, texts["chosen"], texts["rejected"])

    def _encoding(self, span: slice, texts: Texts) -> None:
        self._note("encoding", span, texts, "control characters", patterns.CONTROL)
        beyond = pc.not_equal(pc.binary_length(texts.flat), pc.utf8_length(texts.flat))
        if not pc.any(beyond).as_py():
            return
        self._note("encoding", span, texts, "U+FFFD", patterns.REPLACEMENT)
        self._note("encoding", span, texts, "wrongly decoded", patterns.MOJIBAKE)
        self._note("encoding", span, texts, "control characters", patterns.CONTROL_BEYOND_ASCII)

    def _note(self, check: str, span: slice, texts: Texts, kind: str, pattern: str) -> None:
        rows = texts.any(_matches(texts.flat, pattern))
        with self._counting:
            self.kinds[check][kind] += int(rows.sum())
        self.marks[check][span] |= rows

    def _template(self, span: slice, texts: Texts, pattern: str) -> None:
        found = _matches(texts.flat, pattern)
        if not found.any():
            return
        some = texts.flat.filter(pa.array(found)).slice(0, 1000)
        markers = [match["it"].strip() for match in pc.extract_regex(some, f"(?P<it>{pattern[1:]}").to_pylist()]
        with self._counting:
            self.kinds["template"].update(markers)
        self.marks["template"][span] |= texts.any(found)

    def _mismatch(self, span: slice, chosen: Texts, rejected: Texts) -> None:
        """Sides of several turns carry their own conversation: all but the last turn must agree."""
        if chosen.first is None and rejected.first is None:
            split: Callable = _before_last_reply
        else:
            split = _all_but_last
        before = [split(texts) for texts in (chosen, rejected)]
        with_turns = before[0][1] | before[1][1]
        self.sides_with_turns |= bool(with_turns.any())
        self.marks["prompt_mismatch"][span] = with_turns & (before[0][0] != before[1][0])


def last_texts(texts: Texts) -> pa.Array:
    """The last text of each row, "" where it has none."""
    if texts.first is None:
        return texts.flat
    has = texts.first[1:] > texts.first[:-1]
    at = pa.array(np.where(has, texts.first[1:] - 1, 0), mask=~has)
    return texts.flat.take(at).fill_null("") if len(texts.flat) else pa.array([""] * len(has))


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)


def _all_but_last(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """(hash of the turns before the last, whether there are any)."""
    if texts.first is None:
        return np.zeros(len(texts.flat), np.uint64), np.zeros(len(texts.flat), bool)
    counts = np.diff(texts.first)
    ends = np.maximum(texts.first[1:] - 1, texts.first[:-1])
    keep = np.ones(len(texts.flat), bool)
    keep[ends[counts > 0]] = False
    first = np.concatenate([[0], np.cumsum(np.maximum(counts - 1, 0))])
    return row_hashes(Texts(texts.flat.filter(pa.array(keep)), first)), counts > 1


def _before_last_reply(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """The same for transcripts in one string: what stands before the last "\\n\\nAssistant:"."""
    marked = _matches(texts.flat, r"\n\nAssistant:")
    if not marked.any():
        return np.zeros(len(texts.flat), np.uint64), marked
    before = pc.replace_substring_regex(texts.flat.filter(pa.array(marked)), r"(?s)^(.*)\n\nAssistant:.*$", r"\1")
    hashes = np.zeros(len(texts.flat), np.uint64)
    hashes[marked] = row_hashes(Texts(before, None))
    return hashes, marked

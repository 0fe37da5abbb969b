"""Text search over all pairs, fast enough to type along with: a gigabyte of text within 0.3 s on two cores."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ftwidgets.data.pairs.regex_literal import caseless_part, required_literal
from ftwidgets.data.pairs.stats import Progress, over_blocks
from ftwidgets.data.pairs.table import SIDES, Block, PairTable
from ftwidgets.errors import FtwidgetsError

if TYPE_CHECKING:
    import polars as pl

Where = Literal["all", "prompt", "chosen", "rejected"]
# (texts,) -> bool (texts,). polars, whose text kernels use SIMD: four to ten times as fast as Arrow's RE2.
Find = Callable[["pl.Series"], "pl.Series"]
FEW = 0.25  # of the texts: so few are worth being taken out and looked at by themselves


@dataclass
class Search:
    """Text search over the whole table, block by block; a text typed on narrows what was found before."""

    table: PairTable
    _kept: dict[tuple[str, bool, Where], np.ndarray] = field(default_factory=dict)

    def rows(
        self, text: str, regex: bool, where: Where, progress: Progress, partial: Callable[[np.ndarray], None]
    ) -> np.ndarray:
        """bool (rows,). `partial` is called with what is found so far.

        Raises FtwidgetsError for a regular expression that cannot be read.
        """
        asked = (text, regex, where)
        if asked in self._kept:
            return self._kept[asked]
        mask, known = np.zeros(len(self.table), bool), self._wider(text, regex, where)
        sides = SIDES if where == "all" else (where,)
        find = _expression(text) if regex else _plain(text)
        blocks = [b for b in self.table.blocks() if known is None or known[b.start : b.stop].any()]

        def searched(block: Block) -> np.ndarray:
            open_ = np.ones(len(block), bool) if known is None else known[block.start : block.stop].copy()
            found = np.zeros(len(block), bool)
            for side in sides:  # a row that is found needs no further look
                found |= self._one_side(block, side, open_, find)
                open_ &= ~found
            return found

        for done, (block, found) in enumerate(over_blocks(searched, blocks)):
            mask[block.start : block.stop] = found
            progress(done + 1, len(blocks))
            partial(mask)
        while len(self._kept) >= 8:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[asked] = mask
        return mask

    def _one_side(self, block: Block, side: str, open_: np.ndarray, find: Find) -> np.ndarray:
        """bool (rows,): the rows among `open_` whose text is found on this side."""
        import polars as pl

        rows = block.texts(side)
        # Views on the texts, 16 bytes each, made anew for every search: 0.05 s a million pairs, where keeping them
        # would take 4 % of the table's own memory.
        texts = pl.Series(pl.from_arrow(rows.flat))
        if rows.first is None:
            return _among(texts, open_, find)
        counts = np.diff(rows.first)
        return rows.any(_among(texts, np.repeat(open_, counts), find))

    def _wider(self, text: str, regex: bool, where: Where) -> np.ndarray | None:
        """What was found for a part of this text: no row outside it can hold the whole."""
        if regex:
            return None
        for (before, was_regex, there), mask in reversed(self._kept.items()):
            plain = not was_regex and before.isascii() and text.isascii()
            if plain and there in (where, "all") and before.lower() in text.lower():
                return mask
        return None


def _among(texts: "pl.Series", open_: np.ndarray, find: Find) -> np.ndarray:
    """bool (texts,): those of `open_` that `find` finds; the others are looked at only where that is cheaper."""
    if open_.mean() > 1 - FEW if len(open_) else True:
        return find(texts).to_numpy() & open_
    found = np.zeros(len(open_), bool)
    if open_.any():
        found[open_] = find(texts.filter(_series(open_))).to_numpy()
    return found


def _series(mask: np.ndarray) -> "pl.Series":
    import polars as pl

    return pl.Series(mask)


def _plain(text: str) -> Find:
    """Finds the text as it stands, without regard to case."""
    if text.isascii():
        sure = caseless_part(text)
        return _sieved(
            (lambda texts: texts.str.contains(sure, literal=True)) if sure else None,
            lambda texts: texts.str.contains_any([text], ascii_case_insensitive=True),
        )
    if text.lower() == text.upper():  # a script without case
        return lambda texts: texts.str.contains(text, literal=True)
    return _contains(f"(?i){re.escape(text)}")


def _expression(text: str) -> Find:
    """Finds what the regular expression matches, without regard to case."""
    import polars as pl

    pattern = f"(?i){text}"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        raise FtwidgetsError(f"This regular expression cannot be read: {_reason(str(error))}.") from error
    find = _contains(pattern)
    if quick := _for_ascii(text):
        find = _split_by_ascii(quick, find)
    needed = required_literal(text)
    return _sieved(_plain(needed) if needed else None, find)


def _for_ascii(text: str) -> Find | None:
    r"""Finds what the expression matches in texts of ASCII alone, where that is quicker.

    A digit or blank is one of Unicode's many otherwise, too many to look for by themselves: `\d+` then takes twelve
    times as long. None where the engine cannot read the expression that way (`.`, `\D`), or it names characters.
    """
    import polars as pl

    if not re.search(r"\\[ds]", text) or not text.isascii() or re.search(r"\\[xuUpP]", text):
        return None
    pattern = f"(?i-u){text}"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return None
    return _contains(pattern)


def _contains(pattern: str) -> Find:
    return lambda texts: texts.str.contains(pattern)


def _split_by_ascii(quick: Find, find: Find) -> Find:
    """`quick` on the texts of ASCII alone, `find` on the others."""

    def found(texts: "pl.Series") -> "pl.Series":
        ascii_ = (texts.str.len_bytes() == texts.str.len_chars()).to_numpy()
        return _series(_among(texts, ascii_, quick) | _among(texts, ~ascii_, find))

    return found


def _sieved(sieve: Find | None, find: Find) -> Find:
    """`find`, on the texts that pass the sieve: something quicker that lets through all that `find` could find.

    A sieve that lets much through is left away for the texts that follow: it would only be one more search.
    """
    if sieve is None:
        return find
    useful = [True]

    def found(texts: Any) -> Any:
        if not useful[0]:
            return find(texts)
        passed = sieve(texts)
        if passed.sum() > FEW * len(passed):
            useful[0] = False
            return find(texts)
        at = passed.arg_true()
        return passed.scatter(at, find(texts.gather(at))) if len(at) else passed

    return found


def _reason(said: str) -> str:
    """What the regex library says is wrong, without its drawing of the place."""
    found = re.search(r"^(?:error|regex error): (?!regex parse error)(.+?)\.?$", said, re.MULTILINE)
    return found[1] if found else "it is no regular expression"

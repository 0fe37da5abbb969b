"""Numbers about every pair, computed once, in blocks, by whoever needs them first."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from ftwidgets.data.pairs.table import SIDES, Block, PairTable, Texts

T = TypeVar("T")
WORKERS = min(8, os.cpu_count() or 1)
# (rows done, rows in all) -> nothing; may raise to stop the work, which leaves nothing half-kept.
Progress = Callable[[int, int], None]

# Scripts written without spaces: each character counts as a word. Blanks beyond ASCII become words, which is harmless.
_UNSPACED = r"([\x{00a0}\x{2000}-\x{200a}\x{3000}\x{3040}-\x{30ff}\x{3400}-\x{9fff}\x{f900}-\x{faff}\x{0e00}-\x{0e7f}])"


class Cancelled(Exception):  # noqa: N818 (not an error)
    """Raised by a progress callback to stop the work."""


def no_progress(done: int, total: int) -> None:
    """Nobody looks and nobody stops it."""


class Hashes(NamedTuple):
    """uint64 (rows,) each: XXH3 of the side's text, of several messages as a sequence; roles do not count."""

    prompt: np.ndarray
    chosen: np.ndarray
    rejected: np.ndarray

    @property
    def pair(self) -> np.ndarray:
        return _mixed(_mixed(self.prompt, self.chosen), self.rejected)

    @property
    def swapped(self) -> np.ndarray:
        """The hash that the pair would have with its sides exchanged."""
        return _mixed(_mixed(self.prompt, self.rejected), self.chosen)


class PairStats:
    """Lengths, hashes and similarity of a PairTable: numpy columns of a few bytes a row, kept once computed.

    Thread-safe: two threads that want the same column compute it once.
    """

    def __init__(self, table: PairTable) -> None:
        self.table = table
        self._kept: dict[str, Any] = {}
        self._locks = {name: threading.Lock() for name in ("lengths", "hashes", "similarity", "groups")}

    def has(self, name: str) -> bool:
        return name in self._kept

    def lengths(self, progress: Progress = no_progress) -> dict[str, np.ndarray]:
        """Characters of each side, int32 (rows,), over all its messages."""
        return self._once("lengths", lambda: self._per_block(_lengths, progress, np.int32))

    def hashes(self, progress: Progress = no_progress) -> Hashes:
        return self._once("hashes", lambda: Hashes(**self._per_block(_hashes, progress, np.uint64)))

    def similarity(self, progress: Progress = no_progress) -> np.ndarray:
        """float32 (rows,): words that both sides share, counted with repetition, 2|A ∩ B| / (|A| + |B|) (Dice 1945).

        Order does not count, a character of an unspaced script is a word, and two empty sides are alike (1).
        """
        made = partial(self._per_block, _similarities, progress, np.float32)
        return self._once("similarity", lambda: made()["similarity"])

    def prompt_groups(self, progress: Progress = no_progress) -> tuple[np.ndarray, np.ndarray]:
        """(int32 (rows,) group of the row's prompt, int32 (groups,) rows in it); groups stand in order of hash."""

        def grouped() -> tuple[np.ndarray, np.ndarray]:
            _, group, size = np.unique(self.hashes(progress).prompt, return_inverse=True, return_counts=True)
            return group.astype(np.int32), size.astype(np.int32)

        return self._once("groups", grouped)

    def _once(self, name: str, make: Callable) -> Any:
        with self._locks[name]:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]

    def _per_block(self, measure: Callable, progress: Progress, kind: type) -> dict[str, np.ndarray]:
        total = len(self.table)
        columns: dict[str, np.ndarray] = {}
        progress(0, total)
        for block, values in over_blocks(measure, self.table.blocks()):
            for name, column in values.items():
                columns.setdefault(name, np.zeros(total, kind))[block.start : block.stop] = column
            progress(block.stop, total)
        if not total:  # no block told the names
            columns = {name: np.zeros(0, kind) for name in ("similarity",) if measure is _similarities}
            columns = columns or {side: np.zeros(0, kind) for side in SIDES}
        return columns


def over_blocks(measure: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[tuple[Block, T]]:
    """(block, measure(block)) in order, worked on by a few threads: Arrow and numpy leave the interpreter free.

    Whoever stops taking results, or raises among them, stops the work after the blocks in hand.
    """
    pool = ThreadPoolExecutor(WORKERS, "ftwidgets-pairs")
    try:
        waiting: deque = deque()
        for block in blocks:
            waiting.append((block, pool.submit(measure, block)))
            if len(waiting) > WORKERS:
                first, result = waiting.popleft()
                yield first, result.result()
        while waiting:
            first, result = waiting.popleft()
            yield first, result.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _lengths(block: Block) -> dict[str, np.ndarray]:
    texts = {side: block.texts(side) for side in SIDES}
    return {side: t.sum(pc.utf8_length(t.flat).to_numpy(zero_copy_only=False)) for side, t in texts.items()}


def _hashes(block: Block) -> dict[str, np.ndarray]:
    return {side: row_hashes(block.texts(side)) for side in SIDES}


def row_hashes(texts: Texts) -> np.ndarray:
    """uint64 (rows,)."""
    flat = texts.flat.cast(pa.large_string())
    bounds = np.frombuffer(flat.buffers()[1], np.int64)[flat.offset : flat.offset + len(flat) + 1].tolist()
    data = memoryview(flat.buffers()[2] or b"")
    hashed = [xxhash.xxh3_64_intdigest(data[a:b]) for a, b in pairwise(bounds)]
    each = np.array(hashed, np.uint64)
    if texts.first is None:
        return each
    # A row of one message hashes like the same text as a plain string.
    spans = pairwise(texts.first.tolist())
    return np.array(
        [each[a] if b - a == 1 else xxhash.xxh3_64_intdigest(each[a:b].tobytes()) for a, b in spans], np.uint64
    )


def _mixed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Order counts: multiply-and-rotate as in XXH64's accumulator."""
    product = (left ^ (right * np.uint64(0xC2B2AE3D27D4EB4F))) * np.uint64(0x9E3779B185EBCA87)
    return (product << np.uint64(31)) | (product >> np.uint64(33))


def _similarities(block: Block) -> dict[str, np.ndarray]:
    values = np.empty(len(block), np.float32)
    step = 1_024  # the words of this many pairs fit the processor's cache
    for at in range(0, len(block), step):
        part = Block(0, min(step, len(block) - at), block.batch.slice(at, step))
        values[at : at + step] = similarity(part.texts("chosen"), part.texts("rejected"))
    return {"similarity": values}


def similarity(chosen: Texts, rejected: Texts) -> np.ndarray:
    """float64 (rows,), as in `PairStats.similarity`."""
    (words_a, row_a), (words_b, row_b) = _words(chosen), _words(rejected)
    rows = _rows(chosen)
    codes = pa.concat_arrays([words_a, words_b]).dictionary_encode().indices.to_numpy().astype(np.int64)
    size = int(codes.max(initial=0)) + 1
    row = np.concatenate([row_a, row_b])
    # One sort brings each (row, word) of both sides together; the lowest bit says which side.
    keys = (row * size + codes) * 2
    keys[len(row_a) :] += 1
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(starts, append=len(keys))
    runs = keys[starts]
    both = np.flatnonzero((runs[1:] ^ runs[:-1]) == 1)  # chosen's run is followed by rejected's of the same word
    both = both[runs[both] % 2 == 0]
    shared = np.bincount(runs[both] // (2 * size), np.minimum(counts[both], counts[both + 1]), minlength=rows)
    total = np.bincount(row, minlength=rows)
    return np.where(total == 0, 1.0, 2 * shared / np.maximum(total, 1))


def _rows(texts: Texts) -> int:
    return len(texts.flat) if texts.first is None else len(texts.first) - 1


def _words(texts: Texts) -> tuple[pa.Array, np.ndarray]:
    """The words of a block one after another, and int64 the row of each."""
    flat = texts.flat.cast(pa.large_string())
    if pc.any(pc.match_substring_regex(flat, _UNSPACED)).as_py():
        flat = pc.replace_substring_regex(flat, _UNSPACED, r" \1 ")
    split = pc.ascii_split_whitespace(flat)  # twice as fast as by Unicode's blanks
    counts = pc.list_value_length(split).to_numpy(zero_copy_only=False).astype(np.int64)
    words = split.flatten()
    text_of = np.repeat(np.arange(len(flat)), counts)
    row_of = text_of if texts.first is None else np.searchsorted(texts.first, text_of, side="right") - 1
    real = pc.not_equal(words, "")  # leading and trailing blanks leave empty words
    return words.filter(real), row_of[real.to_numpy(zero_copy_only=False)]

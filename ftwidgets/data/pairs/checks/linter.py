"""The lint itself: every check in turn, the cheap ones first."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ftwidgets.data.pairs.checks.length_bias import length_bias
from ftwidgets.data.pairs.checks.report import BY_ID, CHECKS, Finding, LintReport
from ftwidgets.data.pairs.checks.texts import TextChecks
from ftwidgets.data.pairs.checks.truncation import token_lengths
from ftwidgets.data.pairs.reading import read_pairs
from ftwidgets.data.pairs.stats import PairStats, Progress, no_progress, over_blocks, row_hashes
from ftwidgets.data.pairs.table import Block, PairTable, Texts
from ftwidgets.errors import FtwidgetsError

NEARLY = 0.95  # similarity from which two sides count as nearly identical
TOKENIZED_ROWS = 20_000  # about 10 s of a fast tokenizer
READ_ROWS = 2_000_000  # rows whose texts are read; hashes and lengths are always of all rows


def lint(
    dataset: Any,
    *,
    max_length: int | None = None,
    tokenizer: Any = None,
    token_lengths: tuple[np.ndarray, np.ndarray] | None = None,
    held_out: Any = None,
    stats: PairStats | None = None,
    progress: Progress = no_progress,
) -> LintReport:
    """Look for faults in preference pairs.

    `dataset`: anything `PairTable.of` reads. `max_length` with a `tokenizer`, or with `token_lengths` (tokens of prompt
    and chosen, of prompt and rejected, (rows,) each), checks truncation; more than 20,000 rows are then sampled.
    `held_out`: the other split, as `read_pairs` takes it, for leakage. Texts of at most 2,000,000 rows are read, evenly
    spread; every finding says in `looked_at` how many rows it rests on. `progress(done, total)` may raise to stop.
    Raises FtwidgetsError where the data are no pairs.
    """
    table = PairTable.of(dataset)
    steps = lint_steps(
        table,
        stats or PairStats(table),
        max_length=max_length,
        tokenizer=tokenizer,
        lengths=token_lengths,
        held_out=held_out,
        progress=progress,
    )
    findings: list[Finding] = []
    missing: dict[str, str] = {}
    for step in steps:
        if isinstance(step, Finding):
            findings.append(step)
        else:
            missing |= step
    order = [check.id for check in CHECKS]
    return LintReport(len(table), tuple(sorted(findings, key=lambda f: order.index(f.id))), missing)


def lint_steps(
    table: PairTable,
    stats: PairStats,
    *,
    max_length: int | None = None,
    tokenizer: Any = None,
    lengths: tuple[np.ndarray, np.ndarray] | None = None,
    held_out: Any = None,
    progress: Progress = no_progress,
) -> Iterator[Finding | dict[str, str]]:
    """As `lint`, one finding at a time; a dict says which check was left out and why."""
    total = len(table)

    def found(check: str, where: np.ndarray, text: str = "", looked_at: int = total, **values: float) -> Finding:
        positions = (np.flatnonzero(where) if where.dtype == bool else where).astype(np.int32)
        return Finding(BY_ID[check], positions, table.row_ids[positions], looked_at, text, values)

    def share(begin: float, end: float) -> Progress:
        """A part of the whole bar, which counts to 1,000."""
        return lambda done, of: progress(int(1000 * (begin + (end - begin) * done / max(of, 1))), 1000)

    sizes = stats.lengths(share(0, 0.02))
    yield _length_bias(found, sizes)
    yield from _by_hash(found, stats, share(0.02, 0.06))
    yield _leakage(found, table, held_out)
    yield _truncation(found, table, max_length, tokenizer, lengths, share(0.06, 0.2))
    yield from _by_text(found, table, share(0.2, 0.4))
    alike = stats.similarity(share(0.4, 1.0))
    hashes = stats.hashes()
    yield found("near_identical", (alike >= NEARLY) & (hashes.chosen != hashes.rejected))
    progress(1000, 1000)


def _length_bias(found: Any, sizes: dict[str, np.ndarray]) -> Finding:
    chosen, rejected = sizes["chosen"], sizes["rejected"]
    bias = length_bias(chosen, rejected)
    shorter = bias.accuracy < 0.5
    text = "no pair differs in length"
    if bias.pairs > bias.ties:
        wins = 1 - bias.accuracy if shorter else bias.accuracy
        low, high = (1 - bias.high, 1 - bias.low) if shorter else (bias.low, bias.high)
        text = (
            f"the {'shorter' if shorter else 'longer'} side is chosen in {wins:.1%} of pairs "
            f"(95 % interval {low:.1%} to {high:.1%}); AUC of length {bias.auc:.3f} "
            f"({bias.auc_low:.3f} to {bias.auc_high:.3f})"
        )
    values = {name: float(value) for name, value in vars(bias).items()} | {"strong": float(bias.strong)}
    return found("length_bias", chosen < rejected if shorter else chosen > rejected, text, **values)


def _by_hash(found: Any, stats: PairStats, progress: Progress) -> Iterator[Finding]:
    hashes = stats.hashes(progress)
    same = hashes.chosen == hashes.rejected
    yield found("identical", same)
    _, first, copies = np.unique(hashes.pair, return_index=True, return_counts=True)
    again = np.ones(len(same), bool)
    again[first] = False
    groups = int((copies > 1).sum())
    yield found("duplicate", again, f"copies of {groups:,} pairs" if groups else "")
    yield found("contradiction", ~same & np.isin(hashes.pair, hashes.swapped))


def _leakage(found: Any, table: PairTable, held_out: Any) -> Finding | dict[str, str]:
    if held_out is None:
        return {"leakage": "needs the held-out split (held_out=...)"}
    if "prompt" not in table.arrow.column_names:
        return {"leakage": "needs a column 'prompt'"}
    try:
        given, _ = read_pairs(held_out)
    except FtwidgetsError as error:
        return {"leakage": f"the held-out split cannot be read: {error}"}
    other = _prompt_hashes(given)
    leaked = np.isin(_prompt_hashes(table), other)
    return found("leakage", leaked, "prompts compared without case and blanks", held_out=float(len(other)))


def _prompt_hashes(table: PairTable) -> np.ndarray:
    """Of the prompts in lower case, blanks as one space."""

    def hashed(block: Block) -> np.ndarray:
        texts = block.texts("prompt")
        plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(texts.flat), r"\s+", " "))
        return row_hashes(Texts(plain, texts.first))

    parts = [hashed(block) for block in table.blocks()]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _truncation(
    found: Any, table: PairTable, max_length: int | None, tokenizer: Any, lengths: Any, progress: Progress
) -> Finding | dict[str, str]:
    if max_length is None or (tokenizer is None and lengths is None):
        return {"truncation": "needs max_length and a tokenizer or token_lengths"}
    total = len(table)
    if lengths is not None:
        chosen, rejected = (np.asarray(side) for side in lengths)
        if len(chosen) != total or len(rejected) != total:
            raise FtwidgetsError(f"token_lengths has {len(chosen)} and {len(rejected)} values for {total} pairs.")
        rows = np.arange(total)
    else:
        rows = np.arange(total)
        if total > TOKENIZED_ROWS:
            rows = np.sort(np.random.default_rng(0).choice(total, TOKENIZED_ROWS, replace=False))
        chosen, rejected = token_lengths(table, tokenizer, rows, progress)
    cut = rows[np.maximum(chosen, rejected) > max_length]
    longest = int(max(chosen.max(initial=0), rejected.max(initial=0)))
    share = f"; {len(cut) / len(rows):.1%} of a sample" if len(rows) < total else ""
    text = f"max_length {max_length:,}, longest {longest:,} tokens{share}"
    return found("truncation", cut, text, len(rows), max_length=max_length, longest=longest)


def _by_text(found: Any, table: PairTable, progress: Progress) -> Iterator[Finding | dict[str, str]]:
    checks, blocks = TextChecks(len(table)), _spread(list(table.blocks()))
    for done, _ in enumerate(over_blocks(checks.add, blocks)):
        progress(done + 1, len(blocks))
    looked_at = sum(len(block) for block in blocks)
    for check, where in checks.marks.items():
        if check == "prompt_mismatch" and not checks.sides_with_turns:
            yield {check: "the sides hold only answers, the prompt stands once"}
            continue
        yield found(check, where, _most(checks.kinds.get(check, Counter())), looked_at)


def _most(kinds: Counter[str]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in kinds.most_common(4) if count)


def _spread(blocks: list[Block]) -> list[Block]:
    """All blocks, or as many of them, evenly spread, as hold READ_ROWS rows."""
    rows = sum(len(block) for block in blocks)
    if rows <= READ_ROWS:
        return blocks
    keep = max(1, len(blocks) * READ_ROWS // rows)
    return [blocks[i] for i in np.linspace(0, len(blocks) - 1, keep).astype(int)]

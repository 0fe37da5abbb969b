"""A source of rows turned into a dataset of examples, with every row that could not be used named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ftwidgets.data.example_store import ExampleStore
from ftwidgets.data.examples import Example, example_of, warnings_of
from ftwidgets.data.mapping import Mapping
from ftwidgets.data.pairing import paired, pairs_rows
from ftwidgets.data.problems import BadRow, Problem, Problems
from ftwidgets.data.reading import Reading
from ftwidgets.data.rows import Row, Source
from ftwidgets.errors import FtwidgetsError

Progress = Callable[..., None]  # progress(phase, done=None, total=None, text="")
_EVERY = 500


def convert(
    source: Source,
    mapping: Mapping,
    kind: str,
    problems: Problems,
    *,
    skip_bad_rows: bool = True,
    max_samples: int | None = None,
    progress: Progress | None = None,
) -> ExampleStore:
    """Read all rows of a source into examples of a kind.

    Args:
        source: Where the rows come from.
        mapping: How they are read.
        kind: chat, pairs, text or prompts.
        problems: Filled with what is wrong with rows.
        skip_bad_rows: Leave out rows that cannot be used; else stop at the first.
        max_samples: Stop after so many examples.
        progress: Called with ``("reading data", done, total, text)`` every 500 rows; may raise to cancel.

    Raises:
        FtwidgetsError: A bad row where none may be skipped, or the source cannot be read.
    """
    store = ExampleStore(kind, mapping.form)
    examples = None
    if pairs_rows(mapping.shape, kind):
        examples = paired(_readings(source, mapping, problems), mapping.form, problems.add)
    total = min(source.length, max_samples) if source.length and max_samples else source.length or max_samples
    for number, example in enumerate(examples or _examples(source, mapping, kind, problems)):
        if not skip_bad_rows and problems.skipped_rows:
            break
        if example is not None:
            store.add(example)
        if progress and number % _EVERY == 0:
            progress("reading data", done=number, total=total, text=f"{number:,} rows of {source.name}")
        if max_samples is not None and len(store) >= max_samples:
            break
    if not skip_bad_rows and problems.skipped_rows:
        bad = next(problem for problem in problems if problem.skipped)
        raise FtwidgetsError(f"{source.name}, {bad} Or set skip_bad_rows=True to leave such rows out.")
    return store


def _examples(source: Source, mapping: Mapping, kind: str, problems: Problems) -> Iterator[Example | None]:
    for item, reading in _readings(source, mapping, problems):
        if reading is None:
            yield None
            continue
        assert isinstance(item, Row)
        try:
            example = example_of(reading, kind, mapping.form, item.number)
        except BadRow as bad:
            problems.add(bad.problem.at(item.number, item.line, item.file))
            yield None
            continue
        for name, message, suggestion in warnings_of(reading, kind):
            problems.add(Problem(name, message, suggestion, item.number, item.line, item.file))
        yield example


def _readings(source: Source, mapping: Mapping, problems: Problems) -> Iterator[tuple[Row | Problem, Reading | None]]:
    for item in source.rows():
        if isinstance(item, Problem):
            problems.add(item)
            yield item, None
            continue
        try:
            reading = mapping.read(item)
        except BadRow as bad:
            problems.add(bad.problem.at(item.number, item.line, item.file))
            yield item, None
            continue
        yield item, reading

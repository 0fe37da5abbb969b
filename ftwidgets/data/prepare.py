"""From a run's config to the examples it trains and is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftwidgets.data.convert import Progress, convert
from ftwidgets.data.detection import Detection, detect, usable_for
from ftwidgets.data.example_store import ExampleStore
from ftwidgets.data.problems import Problem, Problems
from ftwidgets.data.rows import Source
from ftwidgets.data.shapes import kind_for
from ftwidgets.data.sources import open_source
from ftwidgets.data.split import held_out_rows, leakage
from ftwidgets.errors import FtwidgetsError

if TYPE_CHECKING:
    import datasets


@dataclass
class Prepared:
    """Examples ready for a trainer, and what was found out about them."""

    train: datasets.Dataset
    held_out: datasets.Dataset | None
    detection: Detection
    problems: Problems


def prepare(config: Any, progress: Progress | None = None, rows: Any = None) -> Prepared:
    """Read, map, convert and divide the dataset of a config.

    Args:
        config: A `RunConfig`, or anything with its data fields: ``method``, ``dataset``, ``dataset_config``,
            ``dataset_train_split``, ``eval_dataset``, ``test_size``, ``mapping``, ``skip_bad_rows``, ``max_samples``,
            ``max_eval_samples``, ``seed``.
        progress: Called as ``progress("reading data", done=, total=, text=)``; may raise to cancel.
        rows: An object of the kernel to read instead of ``config.dataset``.

    Raises:
        FtwidgetsError: The dataset cannot be read, its shape is unknown or of no use to the method, no row is usable,
            or a bad row was met with ``skip_bad_rows=False``.
    """
    given = rows if rows is not None else config.dataset
    given_eval = getattr(config, "eval_dataset", None)
    if isinstance(given, str) and given == "demo":
        given, given_eval = _demo(config.method, given_eval)
    subset, split = getattr(config, "dataset_config", None), getattr(config, "dataset_train_split", None) or "train"
    source = open_source(given, subset, split)
    problems = Problems()
    detection = _detect(source, config)
    store = _convert(source, detection, config, problems, progress, getattr(config, "max_samples", None))
    most = getattr(config, "max_eval_samples", None)
    if given_eval is not None:
        held_source = _eval_source(given, given_eval, source, subset)
        held_detection = _detect(held_source, config)
        held_store = _convert(held_source, held_detection, config, problems, progress, most)
        _report_leakage(store, held_store, problems)
        return Prepared(store.dataset(), held_store.dataset(), detection, problems)
    return _divided(store, detection, problems, getattr(config, "test_size", 0.0) or 0.0, config, most)


def _divided(
    store: ExampleStore, detection: Detection, problems: Problems, test_size: float, config: Any, most: int | None
) -> Prepared:
    openings, prompts = store.keys()
    dataset = store.dataset()
    held = held_out_rows(openings, prompts, test_size, getattr(config, "seed", 0) or 0, most)
    if not held.any():
        if test_size:
            problems.add(
                Problem("nothing held out", "All rows ask the same, so none could be held out by prompt.",
                        "Give an eval_dataset, or set test_size=0.")
            )  # fmt: skip
        return Prepared(dataset, None, detection, problems)
    return Prepared(dataset.select(np.flatnonzero(~held)), dataset.select(np.flatnonzero(held)), detection, problems)


def _demo(method: str, given_eval: Any) -> tuple[Path, Any]:
    from ftwidgets import demo

    return demo.dataset_file(method), given_eval if given_eval is not None else demo.held_out_file(method)


def _eval_source(given: Any, given_eval: Any, source: Source, subset: str | None) -> Source:
    """The held-out rows: a dataset of their own, or, by its name, another split of the same one."""
    if isinstance(given_eval, str) and given_eval == "demo":
        raise FtwidgetsError("eval_dataset: “demo” goes with dataset “demo”, and is then used without being named.")
    if isinstance(given_eval, str) and "/" not in given_eval and not Path(given_eval).expanduser().exists():
        is_hub = isinstance(given, str) and not Path(given).expanduser().exists()
        if given_eval in source.splits or (is_hub and "." not in given_eval):
            return open_source(given, subset, given_eval)
    return open_source(given_eval, subset)


def _detect(source: Source, config: Any) -> Detection:
    detection = detect(source, getattr(config, "mapping", None))
    if detection.mapping is None:
        raise FtwidgetsError(f"{source.name}: {detection.explain()}")
    usable, reason, way_out = usable_for(detection, config.method)
    # a label's mate may stand anywhere: only reading all rows shows that there are no pairs
    if not usable and not (detection.shape == "labelled" and kind_for(config.method) == "pairs"):
        raise FtwidgetsError(f"{source.name}: {reason} {way_out}")
    return detection


def _convert(
    source: Source, detection: Detection, config: Any, problems: Problems, progress: Progress | None, most: int | None
) -> ExampleStore:
    assert detection.mapping is not None
    before = problems.skipped_rows
    store = convert(
        source,
        detection.mapping,
        kind_for(config.method),
        problems,
        skip_bad_rows=getattr(config, "skip_bad_rows", True),
        max_samples=most,
        progress=progress,
    )
    if not len(store):
        skipped = problems.skipped_rows - before
        why = "; ".join(problems.summary()[:3])
        raise FtwidgetsError(f"{source.name}: none of its {skipped:,} rows can be used. {why}".rstrip())
    if progress:
        progress("reading data", done=len(store), total=len(store), text=f"{len(store):,} rows of {source.name}")
    return store


def _report_leakage(train: ExampleStore, held_out: ExampleStore, problems: Problems) -> None:
    found = leakage(train.keys()[1], held_out.keys()[1])
    if len(found):
        problems.add(
            Problem(
                "leakage",
                f"{len(found):,} of {len(held_out):,} held-out rows have a prompt that is in training too.",
                "Held-out results will look better than they are; remove those rows from one side.",
            )
        )

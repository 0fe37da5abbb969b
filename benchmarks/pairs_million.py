"""A million preference pairs: opening, filtering and memory, beside pandas with an HTML table of what it finds.

    python -m benchmarks.pairs_million [rows]

The pairs are made of common words, about 1.1 kB each. The viewer is asked as its page asks it, without a browser. The
peer is what a person would write: the same Arrow table as a pandas frame, `str.contains` over the three columns, and
the first 1,000 hits as an HTML table in ipywidgets.HTML. Each text is looked for once, so that nothing is remembered.
Regular expressions without a plain part stand beside the engine alone: polars on the bare columns, on all cores, with
nothing else done. What the libraries take, however few the pairs, is counted apart. Prints one line of JSON last.
"""

import gc
import json
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc

COMMON = (
    "time people year way day man thing woman life child world school state family student group country problem "
    "hand part place case week company system program question work government number night point home water room "
    "mother area money story fact month lot right study book eye job word business issue side kind head house "
    "service friend "
)
WORDS = COMMON.split()
SIDES = ("prompt", "chosen", "rejected")
SHOWN = 1000
# Regular expressions without a plain part to look for first, the last one of the worst kind.
OPEN_EXPRESSIONS = (r"\bh\w+e\b", "st.ry", r"\d{6}\b", "(?s).*x.*y.*z")
FEW_ROWS = 1000


def made_pairs(rows: int) -> pa.Table:
    def column(words: int, seed: int) -> pa.ChunkedArray:
        draw = np.random.default_rng(seed)
        texts = [" ".join(draw.choice(WORDS, int(draw.integers(words // 2, words * 3 // 2)))) for _ in range(5000)]
        base, space = pa.array(texts, pa.large_string()), pa.scalar(" ", pa.large_string())
        numbers = [np.arange(at, min(at + 50_000, rows)) for at in range(0, rows, 50_000)]
        return pa.chunked_array(
            [
                pc.binary_join_element_wise(
                    base.take(pa.array(draw.integers(0, 5000, len(part)))),
                    pa.array(part).cast(pa.large_string()),
                    space,
                )
                for part in numbers
            ]
        )

    score = np.random.default_rng(9).normal(size=rows)
    return pa.table({"prompt": column(30, 0), "chosen": column(85, 1), "rejected": column(85, 2), "score": score})


class Asked:
    """The viewer, asked as its page asks it."""

    def __init__(self, table: pa.Table) -> None:
        from ftwidgets import PreferencePairs

        self.viewer = PreferencePairs(table)
        self._told: list[dict[str, Any]] = []
        self.first_s = 0.0
        self._came = threading.Condition()
        self.viewer.send = self._hear  # type: ignore[method-assign]

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        with self._came:
            self._told.append(json.loads(json.dumps(content)))
            self._came.notify_all()

    def ask(self, kind: str, **fields: Any) -> Any:
        self.viewer._handle_custom_msg({"type": kind, "id": 1, **fields}, [])

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._came:
            self._came.wait_for(lambda: any(map(wanted, self._told)))
            return next(filter(wanted, self._told))

    def rows(self) -> int:
        """Ask for the first rows of the view, as the list in the page does."""
        self._told.clear()
        self.ask("rows", start=0, stop=100)
        return len(self.wait(lambda m: m["type"] == "answer")["value"]["row_id"])

    def look(self, **query: Any) -> int:
        """Filter and get the first rows; how many pairs pass."""
        self._told.clear()
        begun = time.perf_counter()
        self.ask("query", **query)
        self.wait(lambda m: m["type"] == "view")
        self.first_s = time.perf_counter() - begun  # until the page could show the first hits
        count = self.wait(lambda m: m["type"] == "view" and not m["partial"])["count"]
        self.rows()
        return count


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def resident() -> float:
    gc.collect()
    pa.default_memory_pool().release_unused()
    return psutil.Process().memory_info().rss / 1e6


def opened(table: pa.Table) -> Asked:
    asked = Asked(table)
    asked.ask("ready")
    asked.wait(lambda m: m["type"] == "answer")
    asked.rows()
    return asked


def libraries(table: pa.Table) -> float:
    """MB that looking at a few pairs takes: code and pools, the same for any table."""
    before, asked = resident(), opened(table.slice(0, FEW_ROWS))
    asked.viewer.lint()
    for query in ({"text": "story 7"}, {"text": OPEN_EXPRESSIONS[0], "regex": True}, {"sort": "similarity"}):
        asked.look(**query)
    asked.viewer.close()
    return resident() - before


def engine_alone(table: pa.Table, expression: str) -> float:
    """Seconds that polars' regex engine takes for all texts, on all cores."""
    import polars as pl

    chunks = [pl.Series(pl.from_arrow(c)) for side in SIDES for c in table.column(side).chunks]
    with ThreadPoolExecutor(psutil.cpu_count()) as pool:
        seconds, _ = timed(lambda: list(pool.map(lambda texts: texts.str.contains(f"(?i){expression}"), chunks)))
    return seconds


def ours(table: pa.Table, texts: list[str]) -> dict[str, Any]:
    libraries_mb = libraries(table)
    before = resident()
    open_s, asked = timed(lambda: opened(table))
    lint_s, _ = timed(asked.viewer.lint)
    search = [timed(lambda text=text: asked.look(text=text)) for text in texts]
    regex, first, open_regex = [], [], []
    for text in texts:
        regex.append(timed(lambda text=text: asked.look(text=rf"{text}\b.*\bhouse", regex=True)))
        first.append(asked.first_s)
    for expression in OPEN_EXPRESSIONS:
        seconds, _ = timed(lambda expression=expression: asked.look(text=expression, regex=True))
        open_regex.append({"expression": expression, "first_s": asked.first_s, "whole_s": seconds})
    asked.look(sort="similarity")
    number = [timed(lambda low=low: asked.look(ranges=[["score", low, None]])) for low in (1, 2, 3)]
    sort = [timed(lambda down=down: asked.look(sort="length_difference", descending=down)) for down in (True, False)]
    flags = [timed(lambda: asked.look(checks=["duplicate"]))]
    asked.look()
    asked.viewer._jobs.wait("look")  # which gives back what it took
    found = {
        "open_s": open_s,
        "lint_s": lint_s,
        "memory_MB": resident() - before,
        "libraries_MB": libraries_mb,
        "hits": [count for _, count in search],
        "regex_first_s": statistics.median(first),
        "open_regex": open_regex,
    }
    for name, runs in {"search": search, "regex": regex, "number": number, "sort": sort, "flag": flags}.items():
        found[f"{name}_s"] = statistics.median(seconds for seconds, _ in runs)
    asked.viewer.close()
    for run in open_regex:  # last: polars keeps what its own views of all texts took
        run["engine_alone_s"] = engine_alone(table, run["expression"])
    return found


def pandas_table(table: pa.Table, texts: list[str]) -> dict[str, Any]:
    import ipywidgets

    before = resident()
    widget = ipywidgets.HTML()

    def show(frame: Any) -> int:
        widget.value = frame.head(SHOWN).to_html()
        return len(frame)

    def open_it() -> Any:
        frame = table.to_pandas()
        show(frame)
        return frame

    open_s, frame = timed(open_it)

    def look(text: str, regex: bool) -> int:
        sides = [frame[side].str.contains(text, case=False, regex=regex) for side in SIDES]
        return show(frame[sides[0] | sides[1] | sides[2]])

    search = [timed(lambda text=text: look(text, False)) for text in texts]
    regex = [timed(lambda text=text: look(rf"{text}\b.*\bhouse", True)) for text in texts]
    number = [timed(lambda low=low: show(frame[frame["score"] >= low])) for low in (1, 2, 3)]
    by_length = frame["chosen"].str.len() - frame["rejected"].str.len()
    sort = [timed(lambda up=up: show(frame.loc[by_length.sort_values(ascending=up).index])) for up in (False, True)]
    found = {"open_s": open_s, "memory_MB": resident() - before, "hits": [count for _, count in search]}
    for name, runs in {"search": search, "regex": regex, "number": number, "sort": sort}.items():
        found[f"{name}_s"] = statistics.median(seconds for seconds, _ in runs)
    return found


def main(rows: int) -> None:
    from ftwidgets import PreferencePairs  # noqa: F401 (its import is measured in import_time)

    table = made_pairs(rows)
    texts = ["story 77123", "friend 4242", "issue 31"]
    # Ours first: what it leaves in the caches can only help the peer, and what that leaves in the heap is not counted.
    us = ours(table, texts)
    peer = pandas_table(table, texts)
    assert us["hits"] == peer["hits"], (us["hits"], peer["hits"])
    for name in ("open_s", "search_s", "regex_s", "number_s", "sort_s"):
        print(f"{name:<10} ftwidgets {us[name]:7.3f}   pandas + HTML table {peer[name]:7.3f}")
    print(f"first hits of a regular expression after {us['regex_first_s']:.3f} s")
    for found in us["open_regex"]:
        print(
            f"{found['expression']:<14} first hits {found['first_s']:7.3f} s   all {found['whole_s']:7.3f} s   "
            f"the engine alone {found['engine_alone_s']:7.3f} s"
        )
    table_mb = table.nbytes / 1e6
    print(
        f"memory MB  ftwidgets {us['memory_MB']:7.0f}   pandas {peer['memory_MB']:7.0f}   the table {table_mb:.0f}   "
        f"(libraries {us['libraries_MB']:.0f}, for any table)"
    )
    print(f"lint       {us['lint_s']:.1f} s, in the background")
    result = {
        "benchmark": "pairs_million",
        "rows": rows,
        "table_MB": table_mb,
        "cores": psutil.cpu_count(),
        "load": psutil.getloadavg()[0],
        "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "ftwidgets": us,
        "pandas_html": peer,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

"""What the page is told: plain JSON values, long texts cut, nothing of rows that are not looked at."""

from typing import Any

import numpy as np

from ftwidgets.data.pairs import CHECKS, Decision, Finding
from ftwidgets.data.pairs.checks.truncation import rendered, token_ids
from ftwidgets.data.pairs.table import SIDES
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.pair_viewer.session import PairSession

CLIP = 20_000  # characters of one message that are sent before a person asks for more
MOST_TURNS = 200
MOST_ROWS = 400  # in one answer
MOST_TEXT = 4_000_000  # characters in one answer


def rows(session: PairSession, start: int, stop: int) -> dict[str, Any]:
    """A stretch of the view, column by column."""
    start = max(0, start)
    positions = session.view[start : min(stop, start + MOST_ROWS)]
    lengths = session.stats.lengths() if session.stats.has("lengths") else None
    groups = session.stats.prompt_groups() if session.query.collapse else None
    beside = _beside(session)
    values = session.columns.values(beside)[positions] if beside else None
    return {
        "start": start,
        "version": session.version,
        "position": positions.tolist(),
        "row_id": session.table.row_ids[positions].tolist(),
        "text": session.table.snippets(positions),
        "chosen": lengths["chosen"][positions].tolist() if lengths else None,
        "rejected": lengths["rejected"][positions].tolist() if lengths else None,
        "value": None if values is None else [_finite(value) for value in values],
        "value_of": session.columns.label(beside) if beside else "",
        "flags": session.flags[positions].tolist(),
        "state": session.states[positions].tolist(),
        "shared": None if groups is None else groups[1][groups[0][positions]].tolist(),
    }


def pair(session: PairSession, position: int, tokenizer: Any = None) -> dict[str, Any]:
    """Everything about one pair. Raises FtwidgetsError for a position outside the table."""
    row = _row(session, position)
    shared = None
    if session.stats.has("groups"):
        group, size = session.stats.prompt_groups()
        shared = int(size[group[position]])
    mine = session.mine.get(position)
    return {
        "position": position,
        "row_id": int(session.table.row_ids[position]),
        "index": session.index_of(position),
        "sides": {side: turns(row[side]) for side in SIDES},
        "chars": {side: _length(row[side]) for side in SIDES},
        "tokens": _tokens(tokenizer, row),
        "flags": session.flags_of(position),
        "shared": shared,
        "numbers": [_named(session, n, v) for n, v in session.columns.at(position).items()],
        "similarity": _finite(session.stats.similarity()[position]) if session.stats.has("similarity") else None,
        "metadata": [_metadata(name, row[name]) for name in session.table.extra_columns],
        "decision": decision(mine),
        "others": [decision(d) for d in session.others.get(position, {}).values()],
        "run": session.run_scores.of(int(session.table.row_ids[position])) if session.run_scores else None,
    }


def text(session: PairSession, position: int, side: str, index: int, start: int, count: int) -> dict[str, Any]:
    """`count` more characters of a long message, from `start` on."""
    row = _row(session, position)
    messages = _messages(row[side]) if side in SIDES else []
    if not 0 <= index < len(messages) or start < 0:
        raise FtwidgetsError(f"Pair {position} has no message {index} on side {side!r}.")
    content = messages[index][1]
    more = content[start : start + min(count, MOST_TEXT)]
    return {"text": more, "sent": len(more)}


def turns(side: Any) -> dict[str, Any]:
    """The first messages of a side, each cut at CLIP characters, and how many there are."""
    messages = _messages(side)
    # Of very long conversations the end is what the answers reply to.
    first = max(0, len(messages) - MOST_TURNS)
    shown = [
        {"index": first + at, "role": role[:40], "text": content[:CLIP], "length": len(content)}
        | {"sent": min(len(content), CLIP)}
        for at, (role, content) in enumerate(messages[first:])
    ]
    return {"turns": shown, "omitted": first}


def decision(mine: Decision | None) -> dict[str, Any] | None:
    if mine is None:
        return None
    return {"verdict": mine.verdict, "edit": dict(mine.edit), "note": mine.note, "reviewer": mine.reviewer}


def finding(found: Finding) -> dict[str, Any]:
    values = {name: _finite(value) for name, value in found.values.items()}
    return {
        "id": found.id,
        "count": found.count,
        "looked_at": found.looked_at,
        "text": found.text,
        "suspicious": found.suspicious,
        "values": values,
    }


def checks() -> list[dict[str, Any]]:
    return [{**check._asdict(), "bit": 1 << at} for at, check in enumerate(CHECKS)]


def columns(session: PairSession) -> list[dict[str, str]]:
    return [{"name": name, "label": session.columns.label(name)} for name in session.columns.names]


def log_ratios(given: Any) -> dict[str, list[list[Any]]]:
    """What an `on_tokens` callback gave, checked: by side, (text of the token, log-ratio) in order."""
    if not isinstance(given, dict) or not set(given) <= set(SIDES):
        raise FtwidgetsError("The on_tokens callback must give {'chosen': [(token, log-ratio), ...], 'rejected': ...}.")
    return {side: [[str(token), _finite(ratio)] for token, ratio in tokens] for side, tokens in given.items()}


def _beside(session: PairSession) -> str:
    """The number that stands beside each row: what is sorted by, else the run's margin."""
    sort = session.query.sort
    if sort and sort != "row_id":
        return sort
    return next((name for name in ("margin after", "margin") if name in session.columns.names), "")


def _row(session: PairSession, position: int) -> dict[str, Any]:
    if not 0 <= position < len(session.table):
        raise FtwidgetsError(f"There is no pair at {position}; there are {len(session.table):,}.")
    return session.table.row(position)


def _messages(side: Any) -> list[tuple[str, str]]:
    if isinstance(side, str):
        return [("", side)]
    return [(str(turn.get("role") or ""), turn.get("content") or "") for turn in side]


def _length(side: Any) -> int:
    return sum(len(content) for _, content in _messages(side))


def _tokens(tokenizer: Any, row: dict[str, Any]) -> dict[str, int] | None:
    """Tokens of prompt and answer together, as the trainer sees them."""
    if tokenizer is None or sum(_length(row[side]) for side in SIDES) > MOST_TEXT:
        return None
    chosen, rejected = token_ids(tokenizer, [rendered(tokenizer, row, side) for side in ("chosen", "rejected")])
    return {"chosen": len(chosen), "rejected": len(rejected)}


def _named(session: PairSession, name: str, value: float | None) -> dict[str, Any]:
    return {"name": name, "label": session.columns.label(name), "value": value}


def _metadata(name: str, value: Any) -> dict[str, str]:
    shown = value if isinstance(value, str) else "" if value is None else repr(value)
    if isinstance(value, float):
        shown = f"{value:.6g}"
    return {"name": name[:100], "text": shown[:500] + ("…" if len(shown) > 500 else "")}


def _finite(value: Any) -> float | None:
    number = np.nan if value is None else float(value)
    return number if np.isfinite(number) else None

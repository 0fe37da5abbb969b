"""The page's requests. Each has a `type` and an `id`; its answer or its error comes back under the same id."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftwidgets.data.pairs.decisions import VERDICTS
from ftwidgets.data.pairs.query import Query
from ftwidgets.data.pairs.table import SIDES
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.pair_viewer import answers

if TYPE_CHECKING:
    from ftwidgets.widgets.pairs import PreferencePairs

Message = Mapping[str, Any]
KEPT_TOKENS = 64  # pairs


class Requests:
    """Answers them: quick ones at once, slow ones (see `SLOW`) in a thread."""

    # First judging hashes all pairs, exports write files, tokens run a model.
    SLOW = ("judge", "undo", "redo", "export", "tokens", "eyes")

    def __init__(self, viewer: "PreferencePairs") -> None:
        self._viewer = viewer
        self._session = viewer._session
        self._tokens: dict[int, Any] = {}

    def answer(self, message: Any) -> None:
        """Never raises: what goes wrong is told to the page that asked."""
        if not isinstance(message, Mapping) or not isinstance(message.get("type"), str):
            return
        kind = message["type"]
        handler = getattr(self, f"_on_{kind}", None)
        if handler is None:
            self._fail(message, FtwidgetsError(f"There is no request {kind!r}."))
        elif kind in self.SLOW:
            # Decisions go one after the other, in the order in which they were made.
            line = "decide" if kind in ("judge", "undo", "redo") else kind
            self._viewer._jobs.queue(line, lambda: self._do(handler, message))
        else:
            self._do(handler, message)

    def _do(self, handler: Any, message: Message) -> None:
        try:
            found = handler(message)
        except Exception as error:  # noqa: BLE001 (shown to the person who asked)
            self._fail(message, error)
        else:
            if found is not None:
                self._viewer._tell("answer", id=message.get("id"), value=found)

    def _fail(self, message: Message, error: Exception) -> None:
        said = str(error) if isinstance(error, FtwidgetsError) else f"{type(error).__name__}: {error}"
        self._viewer._tell("error", id=message.get("id"), message=said)

    def _on_ready(self, message: Message) -> dict[str, Any]:
        """The page is there, for the first time or again: everything it needs to draw itself."""
        viewer, session = self._viewer, self._session
        viewer._open()
        return {
            "total": len(session.table),
            "chat": session.table.is_chat,
            "checks": answers.checks(),
            "findings": [answers.finding(found) for found in session.findings.values()],
            "not_checked": session.not_checked,
            "lint": {"state": viewer._linting.state, "progress": viewer._linting.progress},
            "columns": answers.columns(session),
            "view": viewer._view(),
            "selected": session.selected,
            "reviewer": session.log.reviewer,
            "decisions": str(session.log.path) if session.log.path else None,
            "unplaced": session.unplaced,
            "notices": viewer.notices[:20],
            "run": None if viewer.run is None else {"seen": len(session.run_scores or ())},
            "export": _export_name(viewer._source),
            "can": viewer._can(),
            "eyes": viewer.seeing.facts(),
        }

    def _on_rows(self, message: Message) -> dict[str, Any]:
        return answers.rows(self._session, _whole(message, "start"), _whole(message, "stop"))

    def _on_pair(self, message: Message) -> dict[str, Any]:
        position = _whole(message, "position")
        found = answers.pair(self._session, position, self._viewer._copied[1])
        if message.get("select"):  # else the page only brings itself up to date
            self._session.selected = position
        return found

    def _on_text(self, message: Message) -> dict[str, Any]:
        position, index, start, count = (_whole(message, name) for name in ("position", "index", "start", "count"))
        return answers.text(self._session, position, str(message.get("side")), index, start, count)

    def _on_query(self, message: Message) -> dict[str, Any]:
        if message.get("everything"):
            self._session.restrict(None)
        self._viewer._look(Query.from_message(message))
        return {}

    def _on_judge(self, message: Message) -> dict[str, Any]:
        change = _change(message)
        if message.get("scope") == "view":
            if message.get("version") != self._session.version:
                raise FtwidgetsError("The list has changed since; look at it once more.")
            positions = self._session.view.tolist()
        else:
            positions = [_whole(message, "position")]
            if not 0 <= positions[0] < len(self._session.table):
                raise FtwidgetsError(f"There is no pair at {positions[0]}.")
        changed = self._session.judge(positions, **change)
        self._viewer._decided(changed)
        return {"changed": len(changed)}

    def _on_undo(self, message: Message) -> dict[str, Any]:
        return self._stepped(self._session.undo())

    def _on_redo(self, message: Message) -> dict[str, Any]:
        return self._stepped(self._session.redo())

    def _stepped(self, changed: list[int]) -> dict[str, Any]:
        self._viewer._decided(changed)
        return {"changed": len(changed), "position": changed[0] if changed else None}

    def _on_lint(self, message: Message) -> dict[str, Any]:
        if message.get("stop"):
            self._viewer._linting.stop()
        else:
            self._viewer._linting.start()
        return {}

    def _on_export(self, message: Message) -> dict[str, Any]:
        path = Path(str(message.get("path") or "")).expanduser()
        if path.suffix not in (".jsonl", ".parquet"):
            raise FtwidgetsError("The file's name must end in .jsonl or .parquet.")
        if path.exists() and not message.get("overwrite"):
            return {"exists": True}
        write = self._viewer.to_jsonl if path.suffix == ".jsonl" else self._viewer.to_parquet
        try:
            written = write(path, only_judged=bool(message.get("only_judged")))
        except OSError as error:
            raise FtwidgetsError(f"Cannot write {path}: {error.strerror or error}.") from error
        return {"path": str(written.resolve()), "rows": len(self._viewer.result(bool(message.get("only_judged"))))}

    def _on_use(self, message: Message) -> dict[str, Any]:
        self._viewer.use()
        return {}

    def _on_eyes(self, message: Message) -> dict[str, Any]:
        if message.get("stop"):
            self._viewer.seeing.stop()
        else:
            self._viewer.seeing.start()
        return {}

    def _on_tokens(self, message: Message) -> dict[str, Any]:
        position, callback = _whole(message, "position"), self._viewer._tokens
        if callback is None:
            raise FtwidgetsError("No model was given to look with.")
        if position not in self._tokens:
            row_id = int(self._session.table.row_ids[position])
            found = answers.log_ratios(callback(row_id, self._session.table.row(position)))
            while len(self._tokens) >= KEPT_TOKENS:
                self._tokens.pop(next(iter(self._tokens)))
            self._tokens[position] = found
        return self._tokens[position]

    def forget_tokens(self) -> None:
        self._tokens.clear()


def _whole(message: Message, name: str) -> int:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise FtwidgetsError(f"{name!r} must be a whole number, not {value!r}.")
    return int(value)


def _change(message: Message) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if "verdict" in message:
        if message["verdict"] not in (None, *VERDICTS):
            raise FtwidgetsError(f"There is no verdict {message['verdict']!r}.")
        change["verdict"] = message["verdict"]
    if "note" in message:
        change["note"] = str(message["note"])
    if "edit" in message:
        edit = message["edit"]
        if not isinstance(edit, Mapping) or not set(edit) <= set(SIDES[1:]):
            raise FtwidgetsError("An edit is text by side.")
        change["edit"] = {side: str(text) for side, text in edit.items()}
    return change


def _export_name(source: Path | None) -> str:
    return f"{source.stem if source is not None else 'pairs'}-cleaned.jsonl"

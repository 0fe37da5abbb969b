"""Pushing to the Hugging Face hub. What goes up is checked here first, and what is there is checked against it.

The token is huggingface_hub's own (``hf auth login``, ``HF_TOKEN``) or the one given; it is written nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ftwidgets.export.adapter import export_adapter, sound_adapter
from ftwidgets.export.card import Draw
from ftwidgets.export.merged import export_merged
from ftwidgets.export.writing import ExportError
from ftwidgets.runs import Run
from ftwidgets.training.quiet import Progress

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_THEIRS = {".gitattributes"}  # what the hub itself puts into a new repository


def push(
    run: Run,
    target: str,
    progress: Progress,
    draw: Draw | None = None,
    *,
    merged: bool = False,
    private: bool = True,
    token: str | None = None,
    endpoint: str | None = None,
) -> tuple[str, tuple[str, ...]]:
    """Push a run's adapter, or its merged model, with a card. Returns its address, and what was checked.

    Args:
        target: The repository, as ``name/repository``. It is made; one that holds files already is left alone.
        merged: Push the merged model in place of the adapter.
        endpoint: The hub's address; by default huggingface.co or ``HF_ENDPOINT``.

    Raises:
        ExportError: There is nothing sound to push, or the hub is not reached or refuses; nothing is lost here.
    """
    from huggingface_hub import HfApi

    if not NAME.fullmatch(target):
        raise ExportError(f"{target}: not a hub repository. Give it as your-name/repository.")
    sound_adapter(run)
    api = HfApi(endpoint=endpoint, token=token)
    with _explained(target):
        progress("asking the hub", text=target)
        who = api.whoami()  # before anything heavy: a token is needed, and it must be good
        _check_free(api, target)
    with TemporaryDirectory(prefix=".ftwidgets-", dir=run.folder) as room:
        folder, checked = (
            export_merged(run, Path(room) / "export", progress, draw)
            if merged
            else export_adapter(run, Path(room) / "export", draw)
        )
        with _explained(target):
            progress("uploading", text=target)
            api.create_repo(target, private=private, exist_ok=True)
            with _no_bars():
                api.upload_folder(
                    repo_id=target, folder_path=folder, commit_message=f"{run.config.method}, trained with ftwidgets"
                )
            _check_there(api, target, folder)
    address = f"{api.endpoint}/{target}"
    files = "Every file is on the hub in its full size."
    return address, (*checked, f"Pushed as {who.get('name', 'you')}, {'private' if private else 'public'}. {files}")


def _check_free(api: Any, target: str) -> None:
    if not api.repo_exists(target):
        return
    there = set(api.list_repo_files(target)) - _THEIRS
    if there:
        raise ExportError(
            f"{target}: the repository holds {len(there)} files already, and they are kept. Choose another name, or "
            "empty it on the hub."
        )


def _check_there(api: Any, target: str, folder: Path) -> None:
    there = {entry.path: entry.size for entry in api.list_repo_tree(target, recursive=True) if hasattr(entry, "size")}
    for file in folder.rglob("*"):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and there.get(name) != file.stat().st_size:
            raise ExportError(f"{target}: {name} did not reach the hub whole. Push again under another name.")


@contextmanager
def _no_bars() -> Iterator[None]:
    """huggingface_hub without its progress bars: they would be drawn into the notebook's cell."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were_off = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            enable_progress_bars()


@contextmanager
def _explained(target: str) -> Iterator[None]:
    """Say in words what the hub's errors mean. Their own texts stay out: they can hold addresses with tokens."""
    from huggingface_hub import errors

    kept = "Nothing is lost here: the run is as it was."
    try:
        yield
    except (errors.LocalTokenNotFoundError, errors.GatedRepoError):
        raise ExportError(f"{target}: the hub asks who you are. Log in: hf auth login. {kept}") from None
    except errors.HFValidationError:
        raise ExportError(f"{target}: not a name that the hub takes. Give it as your-name/repository.") from None
    except errors.OfflineModeIsEnabled:
        raise ExportError(f"{target}: HF_HUB_OFFLINE is set, so nothing is sent. Unset it to push. {kept}") from None
    except errors.HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise ExportError(
                f"{target}: the hub does not let this token write there. Log in with one that has write access: "
                f"hf auth login. {kept}"
            ) from None
        raise ExportError(f"{target}: the hub answered with an error ({status}). Try again later. {kept}") from None
    except ExportError:
        raise
    except errors.HfHubHTTPError.__bases__:  # the HTTP library's own error, and OSError
        raise ExportError(f"{target}: the hub is not reached. Check the network, then push again. {kept}") from None

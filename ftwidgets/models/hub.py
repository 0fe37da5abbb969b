"""The Hugging Face hub: what a model there is, and bringing it here."""

from __future__ import annotations

import errno
import fnmatch
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ftwidgets.errors import FtwidgetsError

Progress = Callable[[int, int], None]  # bytes here, bytes in all

_SMALL = ("*.json", "*.jinja", "*.txt", "*.md", "tokenizer.model", "*.spm", "LICENSE*", "*.py")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_NOT_NEEDED = ("original/*", "onnx/*", "openvino/*", "coreml/*", "metal/*", "consolidated*.safetensors", "*.gguf", ".*")


class HubError(FtwidgetsError):
    """The hub did not give a model: not there, not allowed, or not reached."""


class DownloadCancelledError(FtwidgetsError):
    """A download was stopped. The files that came whole are kept; the next download brings the others."""


class Cancel(Protocol):
    """Says whether to stop, as a ``threading.Event`` does."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True)
class Asked:
    """A ``Cancel`` that asks a function."""

    stop: Callable[[], bool]

    def is_set(self) -> bool:
        return self.stop()


@dataclass(frozen=True)
class HubModel:
    """A model on the hub, as the hub describes it."""

    name: str
    revision: str  # the commit
    licence: str | None
    gated: bool  # whether its licence has to be accepted on the hub first
    parameters: int | None
    files: dict[str, int]  # the files training needs, with their bytes

    @property
    def bytes(self) -> int:
        return sum(self.files.values())


def look_up(
    name: str, revision: str | None = None, *, token: str | None = None, endpoint: str | None = None
) -> HubModel:
    """Ask the hub what a model is, before anything of it is downloaded.

    Raises:
        HubError: There is no such model, it is gated, or the hub is not reached.
    """
    from huggingface_hub import HfApi

    with _explained(name):
        info = HfApi(endpoint=endpoint, token=token).model_info(name, revision=revision, files_metadata=True)
    endings = {Path(f.rfilename).suffix for f in info.siblings or []}
    if ".gguf" in endings and not endings & {".safetensors", ".bin"}:
        raise HubError(
            f"{name}: only GGUF weights there, which cannot be trained. Use the safetensors model it was converted "
            "from; its name is usually the same without “-GGUF”."
        )
    card: Any = info.card_data or {}
    files = {f.rfilename: f.size or 0 for f in info.siblings or [] if _needed(f.rfilename)}
    if any(fnmatch.fnmatch(n, "*.safetensors") for n in files):
        files = {n: size for n, size in files.items() if not n.endswith((".bin", ".pt", ".pth"))}
    licence = card.get("license_name") or card.get("license")
    return HubModel(
        name,
        info.sha or revision or "main",
        str(licence) if licence else None,
        bool(info.gated),
        info.safetensors.total if info.safetensors else None,
        files,
    )


def download(
    name: str,
    revision: str | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    small_only: bool = False,
    token: str | None = None,
    cache_dir: str | Path | None = None,
    endpoint: str | None = None,
) -> Path:
    """Bring a model from the hub into the Hugging Face cache.

    Args:
        name: Its hub id.
        revision: Branch, tag or commit.
        progress: Called with the bytes here and in all, from the thread that downloads.
        cancel: Set it to stop; files that came whole are kept for next time, no half file stays.
        small_only: Everything but the weights, enough for a card.
        token: A hub token; by default the one that is logged in.
        cache_dir: The cache; by default that of this machine.
        endpoint: The hub's address; by default huggingface.co or ``HF_ENDPOINT``.

    Returns:
        The folder with the model's files.

    Raises:
        HubError: As ``look_up``; the message says whether a licence has to be accepted.
        DownloadCancelledError: ``cancel`` was set.
    """
    from huggingface_hub import hf_hub_download

    model = look_up(name, revision, token=token, endpoint=endpoint)
    wanted = {n: s for n, s in model.files.items() if not (small_only and _is_weights(n))}
    if not any(n.rsplit("/")[-1] in ("config.json", "adapter_config.json", "params.json") for n in wanted):
        raise HubError(f"{name}: there is no config.json in it, so it is not a model that transformers can load.")
    total, here = sum(wanted.values()), 0
    cancel = cancel or threading.Event()
    counter = _bar(name, cancel, lambda done: progress and progress(min(here + done, total), total))
    folder = Path()
    for file, size in sorted(wanted.items(), key=lambda item: item[1]):  # the card's files first, weights last
        if cancel.is_set():
            raise DownloadCancelledError(_cancelled(name))
        with _stopped_by(cancel, name), _explained(name):
            # By the revision's own name, not by its commit: only then the cache knows which commit the name means.
            path = hf_hub_download(
                name, file, revision=revision, token=token, cache_dir=cache_dir, endpoint=endpoint, tqdm_class=counter
            )
        if "/" not in file:
            folder = Path(path).parent
        here += size
        if progress is not None:
            progress(here, total)
    return folder


def _bar(name: str, cancel: Cancel, tell: Callable[[int], Any]) -> type:
    """A tqdm that draws nothing, tells how many bytes of a file are here, and stops when asked."""
    from tqdm import tqdm

    class Bytes(tqdm):
        def __init__(self, *args: Any, **keywords: Any):
            # Beside the file's own bar there may be one for what goes over the wire, which is less.
            self._wire = str(keywords.pop("name", "")).endswith(".transfer")
            super().__init__(*args, **(keywords | {"disable": True}))
            self.n = keywords.get("initial", 0)

        def update(self, n: float | None = 1) -> bool | None:
            if cancel.is_set():
                raise DownloadCancelledError(_cancelled(name))
            self.n += n or 0
            if not self._wire:
                tell(int(self.n))
            return None

    return Bytes


@contextmanager
def _stopped_by(cancel: Cancel, name: str) -> Iterator[None]:
    """End a download out of the hub's chunked storage too: its library hears no error that a bar raises, and nothing
    at all while the network stands still."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if cancel.is_set() and "hf_xet" in sys.modules:
                from huggingface_hub.utils._xet import abort_xet_session

                abort_xet_session()

    watcher = threading.Thread(target=watch, name=f"download of {name}", daemon=True)
    watcher.start()
    try:
        yield
    except Exception:
        if cancel.is_set():
            raise DownloadCancelledError(_cancelled(name)) from None
        raise
    finally:
        over.set()
        watcher.join()


def _cancelled(name: str) -> str:
    return f"Download of {name} stopped. The files that came whole are kept; the next download brings the others."


def _needed(file: str) -> bool:
    if any(fnmatch.fnmatch(file, pattern) for pattern in _NOT_NEEDED):
        return False
    return _is_weights(file) or ("/" not in file and any(fnmatch.fnmatch(file, pattern) for pattern in _SMALL))


def _is_weights(file: str) -> bool:
    return "/" not in file and (
        any(fnmatch.fnmatch(file, pattern) for pattern in _WEIGHTS) or fnmatch.fnmatch(file, "pytorch_model*.bin")
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say in words what the hub's errors mean, and what to do."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise HubError(
            f"{name}: its author asks you to accept a licence first. Accept it on the model's page on the hub, "
            "then log in here: huggingface_hub.login()."
        ) from None
    except errors.RevisionNotFoundError:
        raise HubError(f"{name}: there is no such revision on the hub. Check the branch, tag or commit.") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise HubError(
            f"{name}: there is no such model on the hub, or it is private. Check the spelling; for a private model "
            "log in: huggingface_hub.login()."
        ) from None
    except errors.DisabledRepoError:
        raise HubError(f"{name}: the hub has disabled this model. Choose another.") from None
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError):
        raise HubError(_not_reached(name)) from None
    except errors.HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", "")
        raise HubError(f"{name}: the hub answered with an error ({status}). Try again later.") from None
    except errors.HfHubHTTPError.__bases__ as error:  # the HTTP library's own error, and OSError
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise HubError(f"{name}: the disk is full. Make room, or set HF_HOME to another disk.") from None
        raise HubError(_not_reached(name)) from None
    except RuntimeError as error:  # of the library that reads the hub's chunked storage
        raise HubError(f"{name}: the download broke off ({error}). Try again: whole files are kept.") from error


def _not_reached(name: str) -> str:
    return (
        f"{name}: the hub is not reached. Check the network (and HF_HUB_OFFLINE), or choose a model that is on this "
        "machine: ftwidgets.models.find()."
    )

"""Datasets of the Hugging Face hub, and datasets saved to disk by the library."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.data.rows import Source
from ftwidgets.errors import FtwidgetsError

_PATIENCE = 5.0  # seconds for a connection
_UNREACHABLE = "{name} is not a file here, and the Hugging Face hub cannot be reached. Check the path or the network."


def source_of_hub(name: str, config: str | None, split: str) -> Source:
    """A hub dataset's split, downloaded to the library's cache. Code in a dataset repository is never run.

    Raises:
        FtwidgetsError: No network, no such dataset, a gated one, or a subset or split that it has not.
    """
    import datasets

    # The library tries for half a minute before it gives up; a dataset that it has kept is worth that wait.
    if not datasets.config.HF_HUB_OFFLINE and not _is_kept(name) and not _hub_answers():
        raise FtwidgetsError(_UNREACHABLE.format(name=name))
    try:
        dataset = datasets.load_dataset(name, config, split=split)
    except Exception as error:
        raise FtwidgetsError(explain(name, config, split, error)) from error
    source = source_of_object(dataset, name)
    source.notes.append(f"Hugging Face dataset {name}{f', subset {config}' if config else ''}, split {split}")
    return source


def _is_kept(name: str) -> bool:
    """Whether the library's cache has files of a dataset of this name."""
    import datasets

    return (Path(datasets.config.HF_DATASETS_CACHE) / name.replace("/", "___")).is_dir()


def _hub_answers() -> bool:
    """Whether the hub's host takes a connection; behind a proxy that is not ours to find out, and taken for granted."""
    if getproxies():
        return True
    host = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    try:
        with socket.create_connection((host.hostname or "", host.port or 443), timeout=_PATIENCE):
            return True
    except OSError:
        return False


def explain(name: str, config: str | None, split: str, error: Exception) -> str:
    """What went wrong with a hub dataset, and what to do, from the library's exception."""
    chain = [error, error.__cause__, error.__context__]
    kinds = {type(link).__name__ for link in chain if link is not None}
    text = " ".join(str(error).split())
    low = text.lower()
    if "gated" in low or "GatedRepoError" in kinds:
        return f"{name} is gated. Accept its terms on huggingface.co/datasets/{name} and log in with `hf auth login`."
    if "scripts are no longer supported" in low or "trust_remote_code" in low:
        return f"{name} needs code of its own to be read, which is not run. Download its files and give their path."
    if "Config name is missing" in text or "BuilderConfig" in text:
        return f"{name}: the subset must be one of those it has (dataset_config). {text}"
    if "Unknown split" in text or "Bad split" in text:
        return f"{name} has no split {split!r} (dataset_train_split). {text}"
    offline = {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectionError", "ConnectError", "ProxyError"}
    if kinds & (offline | {"ConnectTimeout", "ReadTimeout", "MaxRetryError"}) or "couldn't reach" in low:
        return _UNREACHABLE.format(name=name)
    if "DatasetNotFoundError" in kinds or "RepositoryNotFoundError" in kinds:
        return f"{name} is neither a file here nor a dataset on the Hugging Face hub that you may read. Check the name."
    if "EmptyDatasetError" in kinds or "DataFilesNotFoundError" in kinds:
        return f"{name} on the Hugging Face hub holds no data files that can be read."
    return f"{name} could not be read from the Hugging Face hub: {type(error).__name__}: {text[:300]}"


def is_saved_dataset(folder: Path) -> bool:
    """Whether `Dataset.save_to_disk` wrote the folder."""
    return (folder / "state.json").is_file() or (folder / "dataset_dict.json").is_file()


def source_of_saved(folder: Path, split: str) -> Source:
    """A dataset that was saved to disk.

    Raises:
        FtwidgetsError: The folder is damaged, or has no such split.
    """
    import datasets

    try:
        dataset: Any = datasets.load_from_disk(str(folder))
    except Exception as error:
        raise FtwidgetsError(f"{folder} is not a readable saved dataset: {error}") from error
    return source_of_object(dataset, folder.name, split)

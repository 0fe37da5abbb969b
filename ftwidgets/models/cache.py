"""The Hugging Face cache of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "models--"


def snapshot(name: str, revision: str | None, cache_dir: str | Path | None = None) -> Path | None:
    """The folder of a hub model's files here, or ``None``."""
    from huggingface_hub import try_to_load_from_cache

    for file in ("config.json", "adapter_config.json", "README.md"):
        hit = try_to_load_from_cache(name, file, cache_dir=cache_dir, revision=revision)
        if isinstance(hit, str):
            return Path(hit).parent
    return None


def snapshots(cache_dir: str | Path | None = None) -> Iterator[tuple[str, Path]]:
    """Name and folder of every model here, the one that came last first.

    Reads folders' names only: huggingface_hub's ``scan_cache_dir`` looks at every file, which takes seconds where
    there are thousands of models.
    """
    from huggingface_hub import constants

    try:
        with os.scandir(cache_dir or constants.HF_HUB_CACHE) as entries:
            repos = [(Path(e.path), e.stat().st_mtime) for e in entries if e.name.startswith(_PREFIX) and e.is_dir()]
    except OSError:
        return
    for repo, _ in sorted(repos, key=lambda found: -found[1]):
        folder = _newest(repo)
        if folder is not None:
            yield repo.name.removeprefix(_PREFIX).replace("--", "/"), folder


def _newest(repo: Path) -> Path | None:
    """The snapshot that “main” means, else the last that came."""
    try:
        folder = repo / "snapshots" / (repo / "refs" / "main").read_text(encoding="utf-8").strip()
        if folder.is_dir():
            return folder
    except (OSError, ValueError):
        pass
    try:
        return max((repo / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime, default=None)
    except OSError:
        return None

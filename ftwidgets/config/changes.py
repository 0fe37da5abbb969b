"""Changed options, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def changed_text(changes: Mapping[str, Sequence[Any]]) -> str:
    """``{"r": [16, 8]}``, each option's old and new value, as ``r 16 → 8``."""
    return ", ".join(f"{name} {old} → {new}" for name, (old, new) in changes.items())

"""What a run was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("ftwidgets", "torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers")


def versions() -> dict[str, Any]:
    """Versions of Python, the system and the packages that matter, without importing them."""
    found: dict[str, Any] = {"python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found

"""What can be wrong with pairs, in words a person can act on."""

from __future__ import annotations

from ftwidgets.errors import FtwidgetsError


class PairsError(FtwidgetsError):
    """The pairs cannot train anything."""


class PrefixSharingError(FtwidgetsError):
    """Prefix sharing was asked for, and this model cannot do it."""

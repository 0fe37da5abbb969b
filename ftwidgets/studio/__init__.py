"""Studio: the form, the run and its views in one widget."""

from ftwidgets.studio.studio import Studio

__all__ = ["Studio"]

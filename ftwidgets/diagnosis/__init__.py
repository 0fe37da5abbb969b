"""Notes on a run's health: rules that read its curves, rows and answers. No torch, no widgets."""

from ftwidgets.diagnosis.note import Note, Notes
from ftwidgets.diagnosis.rules import health

__all__ = ["Note", "Notes", "health"]

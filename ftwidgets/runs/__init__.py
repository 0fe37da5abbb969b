"""A run's life: its states, events, folder and thread. No torch."""

from ftwidgets.runs.live import Context, LiveRun
from ftwidgets.runs.run import Run
from ftwidgets.runs.store import list_runs, load_run, start_run

__all__ = ["Context", "LiveRun", "Run", "list_runs", "load_run", "start_run"]

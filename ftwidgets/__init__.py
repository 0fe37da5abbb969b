"""Fine-tune language models in 4 bits from a notebook, and see what training does.

The public names load on first use, so `import ftwidgets` stays quick and free of torch.
"""

from importlib import import_module

_HOME = {
    "BlindComparison": "ftwidgets.blind",
    "ConfigError": "ftwidgets.config",
    "Curves": "ftwidgets.widgets.curves",
    "FtwidgetsError": "ftwidgets.errors",
    "ModelEyes": "ftwidgets.eyes",
    "PreferencePairs": "ftwidgets.widgets.pairs",
    "RunBrowser": "ftwidgets.browser",
    "RunConfig": "ftwidgets.config",
    "Studio": "ftwidgets.studio",
    "__version__": "ftwidgets._version",
    "ask": "ftwidgets.trying",
    "compare": "ftwidgets.comparing",
    "estimate_memory": "ftwidgets.memory",
    "export_run": "ftwidgets.exporting",
    "health": "ftwidgets.diagnosis",
    "list_runs": "ftwidgets.runs",
    "load_model": "ftwidgets.trying",
    "load_run": "ftwidgets.runs",
    "measure_step": "ftwidgets.measuring",
    "resume": "ftwidgets.starting",
    "retry": "ftwidgets.starting",
    "train": "ftwidgets.starting",
    "try_reward": "ftwidgets.rewarding",
}

__all__ = sorted(name for name in _HOME if not name.startswith("_"))


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'ftwidgets' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "ftwidgets"}]

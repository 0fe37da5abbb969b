"""How the stock controls look inside ftwidgets: JupyterLab's own colours, fonts and borders."""

from pathlib import Path

import ipywidgets as w

CSS = Path(__file__).with_name("studio.css")
RUNS = Path(__file__).with_name("runs.css")  # tables of runs and what stands behind their curves


def stylesheet(file: Path = CSS) -> w.HTML:
    """A style sheet as a widget, to stand once among a view's children; the common one by default."""
    return w.HTML(f"<style>{file.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none"))

"""How the stock controls look inside ftwidgets: JupyterLab's own colours, fonts and borders."""

from pathlib import Path

import ipywidgets as w

CSS = Path(__file__).with_name("studio.css")


def stylesheet() -> w.HTML:
    """The style sheet as a widget, to stand once among a view's children."""
    return w.HTML(f"<style>{CSS.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none"))

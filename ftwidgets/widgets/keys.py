"""Keys pressed in a form are the form's: R on a dropdown would make the notebook's cell a raw one."""

from pathlib import Path

import anywidget
import ipywidgets as w


class OwnKeys(anywidget.AnyWidget):
    """Stands unseen once among the children of a ``.ftw-studio``; Ctrl S still saves the notebook."""

    _esm = Path(__file__).parent.parent / "static" / "keys.js"

    def __init__(self) -> None:
        super().__init__(layout=w.Layout(display="none"))

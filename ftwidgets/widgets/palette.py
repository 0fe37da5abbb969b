"""The colours of curves, the same on paper as on the page (labextension/widgets/curves/charts.css).

Told apart under protanopia, deuteranopia and tritanopia (Machado 2009); 3:1 or better against white.
"""

LIGHT = (
    "#2456c0",
    "#b8480a",
    "#1f9e92",
    "#6a3a6e",
    "#b58a06",
    "#357f9b",
    "#d93a5e",
    "#a066ea",
    "#6d7012",
    "#565656",
)
MARKERS = ("o", "s", "^", "D", "v")

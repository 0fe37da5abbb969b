"""The pair viewer where other people's pages are around it: their keys, their colours, their slowness."""

from collections.abc import Callable

import pytest

from .pairs_bridge import Bridge

ROWS = [
    {"prompt": f"Question {at}", "chosen": f"The answer is {at} apples.", "rejected": f"The answer is {at} pears, sir."}
    for at in range(8)
]
Opener = Callable[..., Bridge]

# Notebook 7 listens on the way down, and asks the focused element first (Lumino's CommandRegistry).
NOTEBOOK = """() => {
  window.taken = [];
  document.addEventListener('keydown', event => {
    for (let at = event.target; at && !at.hasAttribute('data-lm-suppress-shortcuts'); at = at.parentElement) {
      if (!at.matches(':focus')) continue;
      window.taken.push(event.key);
      event.stopPropagation();
      return;
    }
  }, true);
}"""

# By element, its text's contrast with what is painted behind it (WCAG 2.2: relative luminance, 1.4.3).
CONTRASTS = """root => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = color => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].map(value => value / 255);
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const back = element => {
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 || !element.parentElement ? own : over(own, back(element.parentElement));
  };
  const light = color => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share *
    (color[i] <= 0.04045 ? color[i] / 12.92 : ((color[i] + 0.055) / 1.055) ** 2.4), 0);
  const found = {};
  for (const element of root.querySelectorAll('*')) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
    const { visibility, opacity } = getComputedStyle(element);
    if (!text && !element.matches('input, select')) continue;
    if (!element.getClientRects().length || visibility === 'hidden' || element.closest(':disabled')) continue;
    const behind = back(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), behind)), light(behind)];
    found[`${element.tagName}.${element.className} ${text.slice(0, 30)}`] =
      (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}"""


@pytest.mark.parametrize(
    ("page", "sheet"),
    [
        ({"color": "#000", "background": "#fff"}, ""),
        ({"color": "#d5d5d5", "background": "#383838"}, ""),  # Colab, dark
        (
            {"--vscode-foreground": "#ccc", "--vscode-editor-background": "#1e1e1e", "background": "#1e1e1e"},
            "#fff",  # VS Code puts white under every widget
        ),
    ],
    ids=["plain", "colab-dark", "vscode-dark"],
)
def test_every_text_is_read_where_jupyterlabs_colours_are_not(opened: Opener, page: dict[str, str], sheet: str) -> None:
    bridge = opened([*ROWS, ROWS[0]])
    bridge.page.evaluate(
        """([page, sheet]) => {
          document.querySelector('link[href^="/theme"]').remove();
          for (const [name, value] of Object.entries(page)) document.body.style.setProperty(name, value);
          for (const view of document.querySelectorAll('.view')) view.style.background = sheet;
          document.body.className = 'other';  // as a change of theme is told
        }""",
        [page, sheet],
    )
    bridge.settle()
    bridge.root.get_by_role("button", name="Filter").click()
    contrasts = bridge.root.evaluate(CONTRASTS)
    assert len(contrasts) > 40
    assert {what: found for what, found in contrasts.items() if found < 4.5} == {}


def test_a_notebook_that_takes_keys_on_their_way_down_gets_none_of_ours(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.page.evaluate(NOTEBOOK)
    bridge.root.get_by_role("listbox").focus()
    bridge.press("d", "d", "k")  # D D would delete the cell
    bridge.root.get_by_role("button", name="Markdown").focus()
    bridge.press("d")
    assert [d.verdict for d in bridge.viewer.decisions.mine.values()] == ["drop", "drop", "keep", "drop"]
    assert bridge.page.evaluate("window.taken") == []
    bridge.page.keyboard.press("Control+s")  # saving the notebook is the notebook's
    assert bridge.page.evaluate("window.taken") == ["s"]


def test_a_second_key_waits_for_the_pair_it_is_about(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.root.get_by_role("listbox").focus()
    for _ in range(3):  # the kernel is slow: the next pair has not come, and nobody can mean the one still shown
        bridge.page.keyboard.press("k")
    bridge.settle()
    assert bridge.shown == "#1"
    assert [(d.row_id, d.verdict) for d in bridge.viewer.decisions.mine.values()] == [(0, "keep")]


def test_a_note_belongs_to_the_pair_it_was_opened_on(opened: Opener) -> None:
    bridge = opened(ROWS)
    bridge.root.get_by_role("listbox").focus()
    bridge.press("n")
    bridge.page.keyboard.type("look again")
    bridge.root.locator(".ftw-row").nth(4).click()
    bridge.settle()
    assert bridge.shown == "#4"
    bridge.root.get_by_label("Note", exact=True).press("Control+Enter")
    bridge.until(lambda: bridge.root.locator("textarea").count() == 0)
    assert [(d.row_id, d.note) for d in bridge.viewer.decisions.mine.values()] == [(0, "look again")]

"""PPO's reward in the form: the notebook's functions by name, and a reward tried on answers before training."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from ftwidgets.config import RunConfig
from ftwidgets.widgets.background import UnderWay
from ftwidgets.widgets.press import Press, share
from ftwidgets.widgets.rollouts import table
from ftwidgets.widgets.text import paragraph, safe
from ftwidgets.widgets.variables import Functions

TRY = "Try the reward"
TRY_HELP = "Score a few answers of the untrained model, as the first update would. No run is made"
CANCEL_HELP = "End the trial; nothing of it stays"
ABOUT = (
    "To score answers by a function, run one like this in a cell of the notebook: it gets texts and gives one number "
    "for each completion. It is then offered here by name."
)
EXAMPLE = """def brief(prompts, completions):
    return [-len(text) / 100 for text in completions]"""


class RewardPanel(w.VBox):
    """Shown for PPO only.

    Args:
        choose: Called with ``"function name"`` when one is picked.
        begin: Starts to try the reward of a config.
        changed: Called when other functions are offered, and when a trial begins or ends.
        namespace: Where the functions are; the notebook's if left out.
    """

    def __init__(
        self,
        choose: Callable[[str], None],
        begin: Callable[[RunConfig], UnderWay],
        changed: Callable[[], None],
        namespace: Callable[[], Mapping[str, Any]] | None = None,
    ):
        self._begin = begin
        self._config: RunConfig | None = None
        self.functions = Functions(choose, changed, namespace)
        self.button = Press(
            TRY,
            "flask",
            TRY_HELP,
            cancel=CANCEL_HELP,
            begin=self._start,
            follow=self._follow,
            tell=self._tell,
            fail=lambda error: self._say(f"⚠ {error}" if error else ""),
            changed=changed,
        )
        self._state = paragraph(kind="quiet")
        line = w.HBox([self.button, self._state])
        line.add_class("ftw-variables")
        self._found = w.HTML()
        self._found.add_class("ftw-samples")
        self._found.add_class("ftw-scored")
        super().__init__([paragraph(ABOUT, "help"), paragraph(EXAMPLE, "formula"), self.functions, line, self._found])
        self.layout.display = "none"

    @property
    def busy(self) -> bool:
        """Whether a reward is being tried."""
        return self.button.busy

    def show(self, method: str, config: RunConfig | None, free: bool) -> None:
        """Offer to try the reward of ``config``; ``free=False`` while something else has the device."""
        self.layout.display = "" if method == "ppo" else "none"
        if config != self._config and not self.busy:
            self._found.value = ""
            self._say("")
        self._config = config
        self.button.offer(config is not None and free)

    def _start(self) -> UnderWay | None:
        if self._config is None:
            return None
        self._found.value = ""
        return self._begin(self._config)

    def _follow(self, progress: Mapping[str, Any]) -> None:
        self._say(f"{progress.get('phase') or 'trying'}{share(progress)}…")

    def _tell(self, found: Any) -> None:
        report = found.report
        self._say(
            f"{len(report.scores)} answers in one call of {_time(report.seconds_per_call)} · score "
            f"{report.mean:.3g} ± {report.std:.2g} · {report.minimum:.3g} to {report.maximum:.3g}"
        )
        problems = "".join(f'<p class="ftw-problem">⚠ {safe(text)}</p>' for text in report.problems)
        event = {"prompt": found.prompts, "completion": found.completions, "score": report.scores}
        self._found.value = problems + strip(report.scores) + table(event, "highest score")

    def _say(self, text: str) -> None:
        self._state.value = safe(text) if text else ""


def strip(scores: list[float]) -> str:
    """Scores as dots over a line from the lowest to the highest, those alike piled up; hovering says each."""
    if not scores:
        return ""
    low, high = min(scores), max(scores)
    piles: Counter[int] = Counter()
    dots = ""
    for score in sorted(scores):
        share = (score - low) / (high - low) if high > low else 0.5
        place = round(48 * share)
        dots += (
            f'<circle cx="{2 + 96 * share:.2f}%" cy="{-7 - 11 * piles[place]}" r="5" fill="var(--ftw-accent)">'
            f"<title>{score:.6g}</title></circle>"
        )
        piles[place] += 1
    top = 11 * max(piles.values()) + 4
    said = html.escape(f"{len(scores)} scores from {low:.4g} to {high:.4g}")
    return (
        f'<svg role="img" aria-label="{said}" width="100%" height="{top + 24}" style="max-width:480px">'
        f'<svg y="{top}" overflow="visible"><line x1="0" x2="100%" stroke="var(--ftw-line)"/>{dots}</svg>'
        f'<g fill="var(--ftw-quiet)" font-size="11"><text x="0" y="{top + 16}">{low:.4g}</text>'
        f'<text x="100%" y="{top + 16}" text-anchor="end">{high:.4g}</text></g></svg>'
    )


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 0.01 else "under 10 ms"

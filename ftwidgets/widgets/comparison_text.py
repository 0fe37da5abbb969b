"""What a comparison says: escaped HTML of its tables, and who is ahead in words."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ftwidgets.runs import Run
from ftwidgets.runs.held_out import Evaluation, wilson
from ftwidgets.runs.standing import Group, Standing
from ftwidgets.widgets.record import final_metrics
from ftwidgets.widgets.states import SHOWN
from ftwidgets.widgets.text import safe

FAIR = (
    "Rewards and losses of different methods cannot be compared: DPO's reward is β times the log-ratio to its "
    "reference, SimPO's and ORPO's β times the mean log-probability. So runs are judged by the model alone, on the "
    "held-out pairs that all of them share: does it find the chosen answer likelier per token than the rejected one "
    "(pair accuracy), and by how many nats per token (length-normalised margin)?"
)
OPTIMISTIC = "The best of several evaluations was chosen with these same pairs, so it looks a little better than it is."
NOTHING = (
    "None of these runs was evaluated on held-out pairs, so nothing here ranks them. Pairs are held out by test_size "
    "or eval_dataset, in dpo, orpo, simpo and reward runs."
)
LOSS_BOUND = ("rewards/", "loss", "logits/", "log_odds", "nll_loss", "margin", "reward")
MARKS = "●■▲◆▼"  # as the curves' markers; a run is told by its mark as well as by its colour
HEAD = {
    "run": "",
    "pair accuracy": "Share of the held-out pairs in which the chosen answer is likelier per token; 95% interval",
    "margin": "Mean over the pairs of log π(chosen)/tokens − log π(rejected)/tokens, in nats per token",
    "moved to chosen": "Share of the pairs whose margin is larger than before training; 95% interval",
    "against the best": "Pairs that only this run : only the best gets right, and the exact McNemar p-value",
    "highest": "The evaluation with the highest pair accuracy, and whether its checkpoint is kept",
}
OPTION = "ftw-option"  # left out where the cell is narrow: the numbers matter more, and all options have their table
ENOUGH = 0.05  # p-value below which two runs are told apart


def mark(number: int) -> str:
    """The sign of run ``number`` in a comparison, in its curve's colour."""
    return f'<span class="ftw-mark ftw-series-{number % 10 + 1}" aria-hidden="true">{MARKS[number % len(MARKS)]}</span>'


def verdict(standings: Sequence[Standing], groups: Sequence[Group], best: bool) -> str:
    """Who is ahead on the held-out pairs, by how much, and whether these pairs can tell: plain sentences."""
    told = []
    for number, group in enumerate(groups):
        members = [s for s in standings if s.group == number]
        judged = [s for s in members if s.judged is not None]
        if not judged:
            told.append(f"{_names(members)}: no held-out pair is common to them, so they cannot be ranked.")
            continue
        lead = next((s for s in judged if s.leader), judged[0])
        told.append(_lead(lead, group, several=len(judged) > 1))
        if len(judged) > 1:
            told.append(_told_apart([s for s in judged if s is not lead]))
        if not group.same:
            told.append(
                f"Their held-out sets differ: of {group.all:,} pairs, the {len(group.ids):,} that all of them were "
                "evaluated on count here."
            )
        if group.recut:
            told.append(
                f"{group.recut:,} of the shared pairs have other token counts in some of the runs (another tokenizer, "
                "chat template or max_length): margins per token are comparable only roughly."
            )
    if len(groups) > 1:
        told.append("Runs of different data, and reward models beside the others, are judged apart from each other.")
    if not groups:
        return NOTHING
    return " ".join([*told, OPTIMISTIC] if best else told)


def _lead(lead: Standing, group: Group, several: bool) -> str:
    judged = lead.judged
    assert judged is not None
    low, high = judged.interval()
    first = "Best" if several else "Pair accuracy"
    how = "scores the chosen answer higher" if judged.by_score else "finds the chosen answer likelier per token"
    return (
        f"{first} on {len(group.ids):,} held-out pairs: {lead.run.name}, which {how} in {judged.accuracy:.0%} "
        f"(95% interval {low:.0%} to {high:.0%}) after step {judged.step:,}"
        f"{'; that checkpoint is kept' if has_checkpoint(lead.run, judged.step) else ''}."
    )


def _told_apart(others: Sequence[Standing]) -> str:
    behind = [s for s in others if s.p < ENOUGH]
    unclear = [s for s in others if not s.p < ENOUGH]
    told = []
    if behind:
        told.append(f"It is ahead of {_names(behind)} ({_p(behind)}).")
    if unclear:
        told.append(f"These pairs do not tell it apart from {_names(unclear)} ({_p(unclear)}).")
    return " ".join(told)


def _p(standings: Sequence[Standing]) -> str:
    values = sorted(standing.p for standing in standings)
    low, high = f"{values[0]:.2g}", f"{values[-1]:.2g}"
    return f"McNemar p = {low}" if low == high else f"McNemar p = {low} to {high}"


def standings_table(standings: Sequence[Standing], differing: Mapping[str, Sequence[Any]]) -> str:
    """Rows are runs; ``differing`` are options with each run's value, shown between the steps and the numbers."""
    judged = any(s.judged is not None for s in standings)
    several = any(s.leader for s in standings)
    right = [name for name in list(HEAD)[1:] if judged and (name != "against the best" or several)]
    head = _th("run") + "".join(_th(name, option=True) for name in differing) + "".join(_th(name) for name in right)
    rows = ""
    for number, standing in enumerate(standings):
        run = standing.run
        icon, word = SHOWN.get(run.status, ("", run.status))
        last = int(run.store.rows(len(run.store) - 1)[0, 0]) if len(run.store) else 0
        cells = [
            _td(safe(value_text(values[number])), OPTION if name != "method" else "")
            for name, values in differing.items()
        ]
        made = _numbers(standing)
        cells += [made[name] for name in right]
        lead = ' class="ftw-leader"' if standing.leader else ""
        state = f"<br><small>{icon} {html.escape(word)} · step {last:,}</small>"
        rows += f'<tr{lead}><th scope="row">{mark(number)} {safe(run.name)}{state}</th>{"".join(cells)}</tr>'
    caption = "<caption>Runs, what differs in their options, and where they stand on held-out pairs</caption>"
    return f'<table class="ftw-table">{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _numbers(standing: Standing) -> dict[str, str]:
    judged, best = standing.judged, standing.best
    if judged is None or best is None:
        return {name: _td("–", "ftw-number") for name in HEAD}
    against = "best" if standing.leader else f"{standing.wins} : {standing.losses}, p = {standing.p:.2g}"
    kept = "kept" if has_checkpoint(standing.run, best.step) else "not kept"
    grown = standing.grown
    return {
        "pair accuracy": _td(_share(int(judged.right.sum()), len(judged.ids))),
        "margin": _td(_margin(judged, standing.before), "ftw-number"),
        "moved to chosen": _td("–" if grown is None else _share(int(grown.sum()), len(grown))),
        "against the best": _td("–" if math.isnan(standing.p) and not standing.leader else against),
        "highest": _td(f"{best.accuracy:.0%} at step {best.step:,}<br><small>checkpoint {kept}</small>"),
    }


def _share(right: int, count: int) -> str:
    """A share with its interval: as numbers, and as a bar from 0 to 100% with one half marked."""
    low, high = wilson(right, count)
    bar = (
        f'<span class="ftw-interval" aria-hidden="true"><i style="left:{low:.1%};width:{high - low:.1%}"></i>'
        f'<b style="left:{right / count:.1%}"></b></span>'
    )
    return f"{right / count:.0%} <small>{low:.0%} to {high:.0%}</small>{bar}"


def _margin(judged: Evaluation, before: Evaluation | None) -> str:
    text = f"{judged.margin:+.3g}"
    return f"{text}<br><small>before {before.margin:+.3g}</small>" if before is not None and judged.step else text


def options_table(runs: Sequence[Run], differing: Mapping[str, Sequence[Any]]) -> str:
    """Rows are options, columns are runs."""
    rows = {name: [safe(value_text(value)) for value in values] for name, values in differing.items()}
    return _by_run(runs, "option", rows)


def metrics_table(runs: Sequence[Run]) -> str:
    """The last value of every metric; rows are metrics, columns are runs."""
    found = [{name: (last, low, high) for name, _, last, low, high, _ in final_metrics(run)} for run in runs]
    names = list(dict.fromkeys(name for each in found for name in each))
    mixed = len({(run.config.method, run.config.beta) for run in runs}) > 1
    rows = {}
    for name in names:
        bound = mixed and name.removeprefix("eval_").startswith(LOSS_BOUND)
        rows[f"{name} †" if bound else name] = [_last(each.get(name)) for each in found]
    note = "<p>† depends on the method's loss and its β: compare it only within one method.</p>" if mixed else ""
    return _by_run(runs, "metric, last value", rows) + note


def _last(values: tuple[float, float, float] | None) -> str:
    if values is None:
        return "–"
    last, low, high = values
    return f'<span title="lowest {low:.4g}, highest {high:.4g}">{last:.4g}</span>'


def _by_run(runs: Sequence[Run], corner: str, rows: Mapping[str, Sequence[str]]) -> str:
    head = f'<th scope="col">{corner}</th>'
    head += "".join(f'<th scope="col">{mark(i)} {safe(run.name)}</th>' for i, run in enumerate(runs))
    body = ""
    for name, cells in rows.items():
        body += f'<tr><th scope="row"><code>{html.escape(name)}</code></th>{"".join(_td(cell) for cell in cells)}</tr>'
    return f'<table class="ftw-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def has_checkpoint(run: Run, step: int) -> bool:
    """Whether the run still holds what it was at a step."""
    return (run.folder / "checkpoints" / f"checkpoint-{step}").is_dir()


def value_text(value: Any) -> str:
    """An option's value as it is written in code, long ones cut."""
    if value is None:
        return "–"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else text[:119] + "…"


def _names(standings: Sequence[Standing]) -> str:
    return ", ".join(standing.run.name for standing in standings)


def _th(name: str, option: bool = False) -> str:
    text = f"<code>{html.escape(name)}</code>" if option else html.escape(name)
    kind = f' class="{OPTION}"' if option and name != "method" else ""
    return f'<th scope="col"{kind} title="{html.escape(HEAD.get(name, ""))}">{text}</th>'


def _td(inner: str, kind: str = "") -> str:
    return f'<td class="{kind}">{inner}</td>' if kind else f"<td>{inner}</td>"

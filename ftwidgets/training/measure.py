"""One real step on the longest batch, by the method's own trainer and optimizer; nothing of it is kept."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import PrinterCallback, TrainerCallback

from ftwidgets.config import PAIRWISE, RunConfig
from ftwidgets.data import prepare
from ftwidgets.data.preflight import Encoder, Lengths, survey
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import DeviceMemory, Measurement, MemoryEstimate, estimate_memory
from ftwidgets.training import peak
from ftwidgets.training.execute import build_trainer
from ftwidgets.training.job import Context, Job, Reward
from ftwidgets.training.loading import add_adapter, bring, load_base, load_tokenizer
from ftwidgets.training.pairwise.batch import WORTH
from ftwidgets.training.reporter import StoppedBetweenSteps
from ftwidgets.training.vocabulary import check_vocabulary

_LOOKED_AT = 2000  # rows whose tokens are counted: half of them those with the most text, half drawn at random
_SEED = 0


def measure(config: RunConfig, context: Context, reward: Reward | None, device: DeviceMemory) -> Measurement:
    """Take a step on the longest batch and one on a usual batch.

    For PPO the answers of one update are sampled first, each of full length.

    Raises:
        FtwidgetsError: As a run would; nothing is left behind.
    """
    bring(config, context)
    context.progress("reading data")
    data = prepare(config, progress=context.progress)
    watch = peak.watch(device.free if device.device == "cuda" else None)
    try:
        context.progress("loading model")
        tokenizer = load_tokenizer(config)
        rows = _choose(config, data.train, tokenizer, context)
        base = load_base(config)
        check_vocabulary(base, tokenizer, config)
        model = add_adapter(base, config)
        context.progress("tokenizing")
        clock = _Clock(config, context, watch)
        job = _Short(config, context, context.folder, model, tokenizer, rows.dataset, None, [clock], reward)
        trainer = _trainer(job, rows)
        try:
            trainer.train()
        except StoppedBetweenSteps:
            context.progress("measuring")  # ends it, as it was asked to
            raise
    finally:
        watch.close()
    per_step, longest = clock.seconds(trainer)
    return Measurement(
        peak_bytes=clock.peak,
        seconds_per_step=per_step,
        seconds_longest=longest,
        steps=rows.steps,
        longest_batch=(rows.sequences * min(config.per_device_train_batch_size, len(rows.dataset)), rows.longest),
        device=device,
        how=watch.how,
        estimate=_estimate(config, device),
    )


class _Short(Job):
    """A job of two steps, in the order of its rows, that keeps nothing."""

    def arguments(self) -> dict[str, Any]:
        return super().arguments() | {
            "max_steps": 2,
            "num_train_epochs": 1,
            "train_sampling_strategy": "sequential",
            "save_strategy": "no",
            "logging_strategy": "no",
            "eval_strategy": "no",
            "report_to": "none",
        }


@dataclass(frozen=True)
class _Rows:
    """The rows of two steps: those of the longest batch, then usual ones.

    ``sequences`` a row, ``longest`` tokens of the longest, ``steps`` of the whole run.
    """

    dataset: Any
    sequences: int
    longest: int
    steps: int
    sharing: str | None


def _choose(config: RunConfig, train: Any, tokenizer: Any, context: Context) -> _Rows:
    places = _candidates(train)
    encoder = Encoder(tokenizer, config.method, config.train_on or "auto")
    looked = survey(
        train.select(places),
        encoder,
        sample=None,
        seconds=None,
        progress=lambda done, total: context.progress("tokenizing", done, total, "to find the longest rows"),
    )
    response = config.response_length or 0
    lengths = looked.lengths
    kept = np.flatnonzero(~lengths.dropped(config.max_length, response))
    if looked.refused or not len(kept):
        problem = looked.verdict(config.max_length, response, bool(config.packing))
        raise FtwidgetsError(problem or "No row can be trained on.")
    share = len(kept) / max(1, len(lengths))
    a_step = config.per_device_train_batch_size * config.gradient_accumulation_steps * (config.num_mini_batches or 1)
    size = np.minimum(lengths.total[kept], config.max_length)
    if config.packing:
        chosen = _enough(kept, size, 2 * a_step * config.max_length)
        longest = config.max_length
        count = math.ceil(float(size.mean()) * share * len(train) / config.max_length)
    else:
        order = kept[np.lexsort((lengths.summed[kept], size))[::-1]]
        usual = np.random.default_rng(_SEED).permutation(kept)
        if config.method == "ppo":  # an update takes all its prompts at once, and is all that is done
            chosen = order[:a_step]
        elif len(order) < a_step:
            chosen = order
        else:
            chosen = np.concatenate([order[:a_step], usual[:a_step]])
        longest = int(size.max()) + response
        count = max(1, round(share * len(train)))
    return _Rows(
        train.select(places[looked.positions[chosen]]),
        2 if config.method in (*PAIRWISE, "reward") else 1,
        longest,
        _steps(config, count, a_step),
        _sharing(config, lengths),
    )


def _candidates(train: Any) -> np.ndarray:
    """Rows worth counting the tokens of: all, or those with the most text and as many at random."""
    if len(train) <= _LOOKED_AT:
        return np.arange(len(train))
    text = [name for name in train.column_names if name != "row_id"]
    sizes = np.concatenate(
        [
            sum((np.array([len(repr(value)) for value in batch[name]]) for name in text), np.zeros(1, np.int64))
            for batch in train.iter(batch_size=10_000)
        ]
    )
    most = np.argpartition(sizes, -_LOOKED_AT // 2)[-_LOOKED_AT // 2 :]
    rest = np.setdiff1d(np.arange(len(train)), most)
    drawn = np.random.default_rng(_SEED).choice(rest, _LOOKED_AT // 2, replace=False)
    return np.concatenate([most, drawn])


def _enough(kept: np.ndarray, size: np.ndarray, tokens: int) -> np.ndarray:
    """As many rows, drawn at random, as hold so many tokens."""
    order = np.random.default_rng(_SEED).permutation(len(kept))
    return kept[order[: int(np.searchsorted(np.cumsum(size[order]), tokens)) + 1]]


def _steps(config: RunConfig, rows: int, a_step: int) -> int:
    if config.max_steps:
        return config.max_steps
    repeats = (config.num_ppo_epochs or 1) * (config.num_mini_batches or 1)
    return max(1, math.ceil(math.ceil(rows / a_step) * repeats * config.num_train_epochs))


def _sharing(config: RunConfig, lengths: Lengths) -> str | None:
    """What the run decides on the prompts of all its rows, told to a trainer that sees only the longest."""
    if config.prefix_sharing != "auto" or lengths.chosen is None or lengths.rejected is None:
        return config.prefix_sharing
    both = lengths.prompt + lengths.chosen + lengths.rejected
    saved = 1 - float((both + (lengths.prompt > 0)).sum() / (both + lengths.prompt).sum())
    return "auto" if saved >= WORTH else "off"


def _trainer(job: Job, rows: _Rows) -> Any:
    c = job.config
    known = bool(c.precompute_ref_log_probs)
    changes: dict[str, Any] = {"prefix_sharing": rows.sharing} if c.method in PAIRWISE else {}
    if known:  # what the run computes beforehand is not part of its steps: any number stands for it
        changes["precompute_ref_log_probs"] = False
    job.config = c.replace(**changes) if changes else c
    trainer = build_trainer(job)
    trainer.remove_callback(PrinterCallback)
    if known:
        nothing = [0.0] * len(trainer.train_dataset)
        for name in ("ref_chosen_logps", "ref_rejected_logps"):
            trainer.train_dataset = trainer.train_dataset.add_column(name, nothing)
    if c.method == "ppo":
        trainer.collector.sampler.generation.min_new_tokens = c.response_length
    return trainer


def _estimate(config: RunConfig, device: DeviceMemory) -> MemoryEstimate | None:
    try:
        return estimate_memory(config, device=device.device)
    except FtwidgetsError:
        return None


class _Clock(TrainerCallback):
    """Times the steps and reads the peak; between micro-batches a person may end it."""

    def __init__(self, config: RunConfig, context: Context, watch: Any):
        self.config, self.context, self.watch = config, context, watch
        self.peak = 0.0
        self._times: list[float] = []
        self._sampled = 0.0
        self._batches = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.watch.reset()
        self.context.training()
        self._say()
        self._times.append(time.perf_counter())

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._say()
        if state.global_step == 0 and self.config.method == "ppo":
            self._sampled = time.perf_counter() - self._times[0]

    def on_substep_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._batches += 1
        self._say()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        self._times.append(time.perf_counter())
        self._batches += 1
        self._say()
        self.peak = self.watch.bytes(model)

    def seconds(self, trainer: Any) -> tuple[float, float]:
        """Of a usual step, and of the one on the longest batch."""
        steps = np.diff(self._times).tolist()
        longest, usual = steps[0], steps[-1]
        an_update: int = getattr(trainer, "steps_per_update", 1)
        if an_update > 1:
            usual += self._sampled / an_update
        return usual, longest

    def _say(self) -> None:
        total = 2 * self.config.gradient_accumulation_steps
        self.context.progress("measuring", self._batches, total, "one step on the longest batch, one on a usual one")

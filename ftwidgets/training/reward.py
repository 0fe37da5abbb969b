"""The reward model, on TRL's RewardTrainer: an adapter and a scalar head that PPO can put on the same base."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from datasets import Dataset
from trl import RewardConfig, RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from ftwidgets.data.preflight.end_tokens import without_tail
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import FiniteSteps
from ftwidgets.training.job import Job
from ftwidgets.training.ppo.prompts import encode_prompt
from ftwidgets.training.ppo.stops import stop_ids


def build_trainer(job: Job) -> RewardTrainer:
    """The trainer for ``method="reward"``. ``job.model`` is a sequence classifier with one output.

    Raises:
        FtwidgetsError: No pair is left to learn from.
    """
    stops = stop_ids(job.model, job.tokenizer)
    longest = job.config.max_length

    def note(text: str) -> None:
        job.context.emit("note", level="warning", text=text)

    train = _usable(encode_pairs(job.train, job.tokenizer, stops), longest, note)
    held_out = job.prepare_held_out(
        lambda rows: _usable(encode_pairs(rows, job.tokenizer, stops), longest, lambda text: None)
    )
    arguments = job.arguments() | {"max_length": None}  # the rows are cut to length above, with a word about it
    if job.config.center_rewards_coefficient:
        arguments["center_rewards_coefficient"] = job.config.center_rewards_coefficient
    return PairRewardTrainer(
        job,
        model=job.model,
        args=RewardConfig(**arguments),
        data_collator=_Collator(pad_token_id=job.tokenizer.pad_token_id),
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=job.tokenizer,
        callbacks=job.callbacks,
    )


class PairRewardTrainer(FiniteSteps, RewardTrainer):
    """TRL's trainer, which also tells each pair's rewards with the pair's row."""

    def __init__(self, job: Job, **keywords: Any):
        self._job = job
        self._losses: dict[int, float] = {}  # of the running step's pairs, by row
        self._step = 0
        super().__init__(**keywords)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["row_id", "chosen_ids", "rejected_ids"]

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's loss; emits ``examples``: rewards, margin and loss −log σ(margin) of each pair."""
        inputs = dict(inputs)
        rows = inputs.pop("row_id").tolist()
        lengths = inputs["attention_mask"].sum(1).tolist()
        loss, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
        chosen, rejected = outputs.logits.detach().float().squeeze(-1).chunk(2)
        step, losses = self.state.global_step + int(model.training), (-F.logsigmoid(chosen - rejected)).tolist()
        if model.training:
            self._losses = dict(zip(rows, losses, strict=True)) | (self._losses if self._step == step else {})
            self._step = step
        self._job.context.emit(
            "examples",
            step=step,
            split="train" if model.training else "eval",
            id=rows,
            loss=losses,
            margin=(chosen - rejected).tolist(),
            chosen_reward=chosen.tolist(),
            rejected_reward=rejected.tolist(),
            chosen_length=lengths[: len(rows)],
            rejected_length=lengths[len(rows) :],
        )
        return (loss, outputs) if return_outputs else loss

    def rows_of_step(self) -> tuple[list[int], list[int]]:
        return [row for row, loss in self._losses.items() if not math.isfinite(loss)], list(self._losses)


class _Collator(DataCollatorForPreference):
    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = super().torch_call(examples)
        return batch | {"row_id": torch.tensor([example["row_id"] for example in examples])}


def encode_pairs(rows: Dataset, tokenizer: Any, stops: list[int]) -> Dataset:
    """Pairs as token ids (``row_id``, ``chosen_ids``, ``rejected_ids``), put together the way PPO does it.

    Each row ends with the answer's end token, where the score is read; what a template adds after it is cut.
    """

    def encode(row: dict[str, Any], place: int) -> dict[str, Any]:
        ids = {f"{side}_ids": _encode(row["prompt"], row[side], tokenizer, stops) for side in ("chosen", "rejected")}
        return {"row_id": row.get("row_id", place), **ids}

    return rows.map(encode, with_indices=True, remove_columns=rows.column_names, desc="Tokenizing")


def _encode(prompt: Any, answer: Any, tokenizer: Any, stops: list[int]) -> list[int]:
    start = encode_prompt(prompt, tokenizer)
    if isinstance(answer, str):
        ids = list(tokenizer(answer, add_special_tokens=False)["input_ids"])
        return [*start, *ids] if ids and ids[-1] in stops else [*start, *ids, tokenizer.eos_token_id]
    whole = tokenizer.apply_chat_template([*prompt, *answer], tokenize=True, return_dict=True)["input_ids"]
    return without_tail(list(whole), len(start), stops)


def _usable(rows: Dataset, longest: int | None, note: Callable[[str], None]) -> Dataset:
    """The pairs that differ and fit."""
    different = rows.filter(lambda row: row["chosen_ids"] != row["rejected_ids"], desc="Filtering")
    if len(different) == 0:
        raise FtwidgetsError("In every pair chosen and rejected are the same: there is nothing to tell them apart by.")
    kept = different
    if longest:
        kept = different.filter(lambda row: max(len(row["chosen_ids"]), len(row["rejected_ids"])) <= longest)
    if len(kept) == 0:
        shortest = min(max(len(r["chosen_ids"]), len(r["rejected_ids"])) for r in different)
        raise FtwidgetsError(
            f"No pair fits max_length={longest}: the shortest needs {shortest} tokens. Raise max_length to that."
        )
    if len(different) < len(rows):
        note(f"{len(rows) - len(different)} of {len(rows)} pairs are left out: chosen and rejected are the same.")
    if len(kept) < len(different):
        note(f"{len(different) - len(kept)} of {len(rows)} pairs are left out: longer than max_length={longest}.")
    return kept

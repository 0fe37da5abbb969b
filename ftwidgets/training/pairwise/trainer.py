"""PairwiseTrainer: DPO, ORPO and SimPO on TRL's stable DPOTrainer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import is_peft_model
from datasets import Dataset
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Sampler
from trl import DPOConfig, DPOTrainer
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer.utils import use_adapter

from ftwidgets.training.finite import FiniteSteps
from ftwidgets.training.pairwise import reference, rows
from ftwidgets.training.pairwise.attention import no_mask
from ftwidgets.training.pairwise.batch import PairCollator
from ftwidgets.training.pairwise.layout import Pair, shared_row, two_rows
from ftwidgets.training.pairwise.objective import Objective, PairScores
from ftwidgets.training.pairwise.record import Record
from ftwidgets.training.pairwise.sampler import LengthSampler
from ftwidgets.training.pairwise.scoring import TokenScores, add_scoring
from ftwidgets.training.pairwise.sharing import PrefixSharing, decide


class PairwiseTrainer(FiniteSteps, DPOTrainer):
    """Trains a LoRA adapter on preference pairs.

    TRL's trainer prepares the data, the adapters and the fused LM head; the forward pass, the losses and what is logged
    are ours. Metrics have TRL's names.

    Args:
        model: A ``PeftModel`` with the adapter ``default``. The reference is the base with the adapter off, or a frozen
            copy of the adapter where that is not new.
        context: Where notes, progress and per-pair values go (``emit``, ``progress``).
        folder: The run's folder; precomputed reference log-probabilities are kept in it.
        prefix_sharing: ``auto``, ``on`` or ``off``.

    Attributes:
        prefix_sharing: What was decided, and why.

    Raises:
        PairsError: The pairs cannot train anything.
        PrefixSharingError: ``prefix_sharing="on"`` with a model that cannot.
        NonFiniteError: From ``train``: the loss or the gradient of a step is not a number.
    """

    def __init__(
        self,
        model: Any,
        args: DPOConfig,
        train_dataset: Dataset,
        processing_class: Any,
        *,
        objective: Objective,
        context: Any,
        folder: Path | str,
        eval_dataset: Dataset | None = None,
        prefix_sharing: str = "auto",
        callbacks: list[Any] | None = None,
    ):
        if not is_peft_model(model):
            raise TypeError("PairwiseTrainer trains a PeftModel.")
        self.objective = objective
        self.context = context
        self.folder = Path(folder)
        self.record = Record()
        wants_precomputed = args.precompute_ref_log_probs and objective.needs_reference
        args.precompute_ref_log_probs = False  # ours comes after: with progress, and kept in the run's folder
        super().__init__(
            model=model,
            args=args,
            data_collator=PairCollator(processing_class.pad_token_id, args.max_length, prompts=objective.scores_prompt),
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            processing_class=processing_class,
            callbacks=callbacks,
        )
        if self.eval_dataset is not None and len(self.eval_dataset) == 0:
            self.eval_dataset, self.args.eval_strategy = None, "no"
        self._drop_idle_reference()
        self.base = self.model.get_base_model()
        add_scoring(self.base)
        self._lengths = rows.cut_lengths(self.train_dataset, args.max_length)
        self.prefix_sharing = self._decide(prefix_sharing)
        self.data_collator.sharing = self.prefix_sharing.used
        self.data_collator.always = prefix_sharing == "on"
        if wants_precomputed:
            args.precompute_ref_log_probs = self.precompute_ref_logps = True
            self._precompute_model_hash = reference.model_key(self.base, adapters=self._reference is not None)
            self.train_dataset = self._precompute_ref_logps(
                self.train_dataset, "train", args.per_device_train_batch_size
            )
            if self.eval_dataset is not None:
                self.eval_dataset = self._precompute_ref_logps(
                    self.eval_dataset, "eval", args.per_device_eval_batch_size
                )

    # Setting up

    def _drop_idle_reference(self) -> None:
        """TRL copies the adapter it is given to one named ``ref``. A new adapter changes nothing, so its reference is
        the base itself: the copy would only cost memory and a second product in every layer."""
        names = self.model.peft_config
        if "ref" not in names:
            return
        new = all(not p.any() for name, p in self.model.named_parameters() if ".default" in name and "lora_B" in name)
        if new or not self.objective.needs_reference:
            self.model.delete_adapter("ref")
            self.model.set_adapter("default")

    @property
    def _reference(self) -> str | None:
        return "ref" if "ref" in self.model.peft_config else None

    def _decide(self, wanted: str) -> PrefixSharing:
        if self.aux_loss_enabled:
            found = PrefixSharing(False, "a mixture of experts is balanced over whole rows")
        else:
            self.context.progress("preparing", text="comparing a shared prompt with two rows on a real pair")
            training = self.model.training
            with torch.no_grad(), disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs):
                found = decide(wanted, self.base, self._lengths, self._pair, self._token_log_probs)
            self.model.train(training)
        text = f"Prefix sharing {'on' if found.used else 'off'}: {found.reason}."
        self.context.emit("note", level="info", text=text)
        return found

    def _pair(self, i: int) -> Pair:
        return self.data_collator.pair(self.train_dataset[i])

    def _token_log_probs(self, pairs: Sequence[Pair], shared: bool) -> Tensor:
        batch: dict[str, Any] = {}
        if shared:
            inputs, batch["shared_row"], scored = shared_row(pairs)
        else:
            inputs, scored = two_rows(pairs, self.data_collator.pad)
        batch |= inputs | {"places": torch.tensor(scored.places), "targets": torch.tensor(scored.targets)}
        with self.compute_loss_context_manager():
            return self._score(self.model, self._prepare_inputs(batch)).log_probs

    def _prepare_dataset(self, dataset: Dataset, processing_class: Any, args: DPOConfig, dataset_name: str) -> Dataset:
        dataset = rows.with_row_ids(dataset)
        tokenized = super()._prepare_dataset(dataset, processing_class, args, dataset_name)
        return rows.usable(tokenized, dataset, args.max_length, self.context, dataset_name)

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        tokens = rows.cut_lengths(dataset, self.args.max_length).sum(axis=1)
        key = reference.digest(self._precompute_model_hash, dataset, self.args.max_length)

        def score(some: list[dict[str, Any]]) -> tuple[Tensor, Tensor]:
            with self.compute_loss_context_manager():
                return self._reference_scores(self._prepare_inputs(self.data_collator(some)))

        return reference.precompute(dataset, tokens, key, self.folder, batch_size, score, self.context.progress)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = list(rows.COLUMNS)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        if self.prefix_sharing.used or self.args.train_sampling_strategy == "sequential":
            # A shared row has no padding, so a plain random order is best.
            return super()._get_train_sampler(train_dataset)
        longest = self._lengths[:, 0] + self._lengths[:, 1:].max(axis=1)
        return LengthSampler(longest.tolist(), self.args.per_device_train_batch_size, self.args.seed)

    # One batch

    def _score(self, model: Any, inputs: dict[str, Any]) -> TokenScores:
        keywords = {name: inputs[name] for name in ("input_ids", "places", "targets")}
        if "shared_row" in inputs:
            keywords["position_ids"] = inputs["position_ids"]
            keywords["attention_mask"] = no_mask(inputs["input_ids"].device)
            keywords["shared_row"] = inputs["shared_row"]
        else:
            keywords["attention_mask"] = inputs["attention_mask"]
            if self.aux_loss_enabled:
                keywords["output_router_logits"] = True
        return model(**keywords)

    def _reference_scores(self, inputs: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """log π₀ of the chosen and of the rejected completions, (pairs,) each."""
        pairs = len(inputs["row_id"])
        with (
            torch.no_grad(),
            disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs),
            use_adapter(self.accelerator.unwrap_model(self.model), self._reference),
        ):
            sums = _sums(self._score(self.model, inputs).log_probs, inputs["lengths"])
        return sums[:pairs], sums[pairs : 2 * pairs]

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        split = "train" if self.model.training else "eval"
        out = self._score(model, inputs)
        pairs, lengths = len(inputs["row_id"]), inputs["lengths"]
        sums = _sums(out.log_probs, lengths)
        counts = torch.tensor(lengths, device=sums.device)
        scores = PairScores(
            sums[:pairs],
            sums[pairs : 2 * pairs],
            counts[:pairs],
            counts[pairs : 2 * pairs],
            sums[2 * pairs :] if self.objective.scores_prompt else None,
            counts[2 * pairs :] if self.objective.scores_prompt else None,
        )
        known = None
        if self.objective.needs_reference:
            if "ref_chosen_logps" in inputs:
                known = inputs["ref_chosen_logps"], inputs["ref_rejected_logps"]
            else:
                known = self._reference_scores(inputs)
        outcome = self.objective(scores, known)
        loss = outcome.loss.mean()
        if self.aux_loss_enabled:
            loss = loss + self.router_aux_loss_coef * out.aux_loss
        step = self.state.global_step + (split == "train")
        self.record.add(split, step, inputs["row_id"], scores, outcome, _token_sums(out, lengths, pairs))
        if split == "train":
            self._total_train_tokens += inputs["num_tokens"] * self.accelerator.num_processes
        return (loss, None) if return_outputs else loss

    # Between batches

    def training_step(self, *args: Any, **keywords: Any) -> Tensor:
        loss = super().training_step(*args, **keywords)
        if not math.isfinite(loss.item()):
            self.stop_non_finite("loss", loss.item())
        return loss

    def rows_of_step(self) -> tuple[list[int], list[int]]:
        ids, losses = self.record.latest("train", self.state.global_step + 1)
        return [i for i, loss in zip(ids, losses, strict=True) if not math.isfinite(loss)], ids

    def stop_non_finite(self, what: str, value: float) -> None:
        try:
            super().stop_non_finite(what, value)
        finally:
            self._emit_examples("train")

    def _emit_examples(self, split: str) -> dict[str, float]:
        metrics, events = self.record.drain(split)
        if self.accelerator.is_main_process:
            for event in events:
                self.context.emit("examples", **event)
        return metrics

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        split = "eval" if any(name.startswith("eval_") for name in logs) else "train"
        metrics = self._emit_examples(split)
        if split == "train" and metrics:
            metrics["num_tokens"] = self._total_train_tokens
        logs.update({f"eval_{name}": value for name, value in metrics.items()} if split == "eval" else metrics)
        super().log(logs, start_time)


def _sums(log_probs: Tensor, lengths: Sequence[int]) -> Tensor:
    """Sum over each group of ``lengths`` tokens, (groups,)."""
    return pad_sequence(log_probs.split(lengths), batch_first=True).sum(1)


def _token_sums(out: TokenScores, lengths: Sequence[int], pairs: int) -> Tensor:
    """Sums over the completions' tokens, in the order of ``record.TOKENS``."""
    chosen, both = sum(lengths[:pairs]), sum(lengths[: 2 * pairs])
    logits = out.mean_logits
    values = (
        out.entropy[:both].sum(),
        logits[:chosen].sum(),
        logits[chosen:both].sum(),
        out.is_top1[:chosen].sum(),
        logits.new_tensor(chosen),
        logits.new_tensor(both - chosen),
    )
    return torch.stack([value.float() for value in values])

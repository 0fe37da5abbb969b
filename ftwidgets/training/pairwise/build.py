"""The trainer of a job for ``dpo``, ``orpo`` and ``simpo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trl import DPOConfig

from ftwidgets.training.pairwise.objective import Objective
from ftwidgets.training.pairwise.trainer import PairwiseTrainer

if TYPE_CHECKING:
    from ftwidgets.training.job import Job


def build_trainer(job: Job) -> PairwiseTrainer:
    """A trainer on ``job.train``, rows with ``prompt``, ``chosen`` and ``rejected`` (messages or strings).

    Raises:
        FtwidgetsError: A parameter of the loss, or the pairs, cannot be trained with.
    """
    config = job.config
    objective = Objective(
        config.method,
        beta=config.beta,
        loss_type=config.loss_type or "sigmoid",
        label_smoothing=config.label_smoothing or 0.0,
        simpo_gamma=config.simpo_gamma or 0.0,
        nll_over=config.nll_over or "completion",
    )
    args = DPOConfig(
        **job.arguments(),
        max_length=config.max_length,
        beta=config.beta,
        precompute_ref_log_probs=bool(config.precompute_ref_log_probs),
    )
    trainer = PairwiseTrainer(
        job.model,
        args,
        job.train,
        job.tokenizer,
        objective=objective,
        context=job.context,
        folder=job.folder,
        eval_dataset=job.held_out,
        prefix_sharing=config.prefix_sharing or "auto",
        callbacks=job.callbacks,
    )
    if job.held_out is not None and trainer.eval_dataset is None:
        job.go_unevaluated("none is left.")
    return trainer

"""The trainer for ``method="ppo"``."""

from __future__ import annotations

from collections.abc import Callable

from transformers import TrainingArguments

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.job import Job
from ftwidgets.training.ppo.prompts import encode_prompts, fitting
from ftwidgets.training.ppo.rewards import FunctionReward, Reward, find_reward, load_reward
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.sampling import Sampler
from ftwidgets.training.ppo.stops import stop_ids
from ftwidgets.training.ppo.trainer import PPOTrainer


def build_trainer(job: Job) -> PPOTrainer:
    """The PPO trainer of a job: adds the value (and a reward adapter) to ``job.model`` in place.

    Raises:
        FtwidgetsError: No prompt fits, the reward cannot be loaded, or there is no end token.
    """
    c = job.config

    def note(text: str) -> None:
        job.context.emit("note", level="warning", text=text)

    context = getattr(job.model.config.get_text_config(), "max_position_embeddings", None)
    limits = [limit for limit in (c.max_length, context) if limit]
    longest = min(limits) - c.response_length if limits else 2**20
    prompts = fitting(encode_prompts(job.train, job.tokenizer), longest, note)
    held_out = job.prepare_held_out(lambda rows: fitting(encode_prompts(rows, job.tokenizer), longest, note))
    stops = stop_ids(job.model, job.tokenizer, c.stop_token)
    roles = Roles(job.model, c.value_model)
    arguments = TrainingArguments(**job.arguments(), remove_unused_columns=False)
    sampler = Sampler(
        roles,
        stops=stops,
        pad_token_id=job.tokenizer.pad_token_id,
        response_length=c.response_length,
        temperature=c.temperature,
        batch_size=c.local_rollout_forward_batch_size,
        stop_requested=lambda: job.context.stop_requested,
    )
    return PPOTrainer(job, roles, _reward(job, roles, note), sampler, prompts, held_out, arguments)


def _reward(job: Job, roles: Roles, note: Callable[[str], None]) -> Reward:
    if job.reward is not None:
        return FunctionReward(job.reward, note)
    if not job.config.reward:
        raise FtwidgetsError("reward: PPO needs one: a function, a reward model's folder, or a run of method “reward”.")
    folder = find_reward(job.config.reward, job.config.output_dir)
    return load_reward(folder, roles, job.tokenizer, job.config.local_rollout_forward_batch_size, note)

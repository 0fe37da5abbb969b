"""A reward tried before the run: on answers that the untrained policy gives, by the run's own sampler."""

from __future__ import annotations

from dataclasses import dataclass

from ftwidgets.config import RunConfig
from ftwidgets.data import prepare
from ftwidgets.training.execute import build_trainer
from ftwidgets.training.job import Context, Job
from ftwidgets.training.job import Reward as Function
from ftwidgets.training.loading import add_adapter, bring, load_base, load_tokenizer
from ftwidgets.training.ppo.order import seed_for
from ftwidgets.training.ppo.reward_function import RewardReport, report
from ftwidgets.training.ppo.rewards import Answers
from ftwidgets.training.vocabulary import check_vocabulary

ANSWERS = 8
_LOOKED_AT = 64  # prompts to find so many that fit among


@dataclass(frozen=True)
class Trial:
    """What a reward gave to answers of the model as it is before training.

    Attributes:
        prompts, completions: What was scored, ``report.scores`` in the same order.
    """

    prompts: list[str]
    completions: list[str]
    report: RewardReport


def try_on_answers(config: RunConfig, context: Context, function: Function | None, count: int = ANSWERS) -> Trial:
    """Sample ``count`` answers as the first update would, and score them with the run's reward.

    Raises:
        RewardError: The reward cannot score them; says which answer and why.
        FtwidgetsError: As a run would.
    """
    bring(config, context)
    context.progress("reading data")
    train = prepare(config, progress=context.progress).train
    context.progress("loading model")
    tokenizer = load_tokenizer(config)
    base = load_base(config)
    check_vocabulary(base, tokenizer, config)
    model = add_adapter(base, config)
    rows = train.select(range(min(len(train), max(_LOOKED_AT, count))))
    trainer = build_trainer(Job(config, context, context.folder, model, tokenizer, rows, None, [], function))
    prompts = trainer.prompts[:count]
    context.training()
    context.progress("sampling", 0, len(prompts))
    collector = trainer.collector
    ids = collector.sampler.sample(
        [prompt.ids for prompt in prompts],
        seed_for(config.seed, 1),
        lambda done: context.progress("sampling", done, len(prompts)),
    )
    context.progress("scoring")
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    found = report(lambda: collector.reward(Answers(prompts, texts, ids), "the trial"))
    return Trial([prompt.text for prompt in prompts], texts, found)

"""What each method is, needs and costs, with its recommended values and their source."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Method:
    """One training method, as a form explains it."""

    name: str
    title: str
    summary: str  # two sentences: what it does; when to choose it
    formula: str
    symbols: str  # what each sign in the formula is
    data: str  # the kind of canonical examples it learns from: chat, pairs, prompts, text
    passes: str  # what a step costs next to SFT on the same rows, in words
    memory: str
    paper: str
    defaults: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)  # where a default comes from, when not the option's own


_ADAPTER_REFERENCE = "the same base with the adapter off, so no second model"

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(
            "sft",
            "SFT · supervised fine-tuning",
            "Learns to write the answers you show it, token by token. Start here: it teaches format and style, and "
            "every preference method builds on it.",
            "L = −Σₜ log π(yₜ | x, y₍<ₜ₎)",
            "π: the model's probability · x: the prompt · yₜ: token t of the answer",
            "chat",
            "1 forward and backward pass",
            "the base of comparison",
            "Ouyang et al. 2022, arXiv 2203.02155",
            {"learning_rate": 2e-4},
            {"learning_rate": "QLoRA (arXiv 2305.14314)"},
        ),
        Method(
            "dpo",
            "DPO · direct preference optimization",
            "Learns from pairs to prefer the chosen answer over the rejected one, measured against the model it "
            "started from. It replaced PPO for most uses: no reward model, no sampling.",
            "L = −log σ( β [ log π(y⁺)/π₀(y⁺) − log π(y⁻)/π₀(y⁻) ] )",
            "π: the model's probability · π₀: that of the model it started from · y⁺: the chosen answer · "
            "y⁻: the rejected one · β: beta · σ: the logistic function, from 0 to 1",
            "pairs",
            "2 rows a pair, and a forward pass of the reference",
            "about 2 × the activations of SFT; the reference is " + _ADAPTER_REFERENCE,
            "Rafailov et al. 2023, arXiv 2305.18290",
            {"learning_rate": 5e-6, "beta": 0.1},
            {"learning_rate": "Zephyr QLoRA (arXiv 2310.16944)", "beta": "DPO (arXiv 2305.18290)"},
        ),
        Method(
            "orpo",
            "ORPO · odds ratio preference optimization",
            "Learns the chosen answer and to prefer it in one go, without a reference. Suits a base model: it does "
            "the work of SFT and of preference training together.",
            "L = −log π(y⁺)/|y⁺| − β log σ( log odds(y⁺) − log odds(y⁻) )",
            "π: the model's probability · y⁺: the chosen answer · y⁻: the rejected one · |y|: its tokens · "
            "odds: p / (1 − p) of its mean probability a token · β: beta · σ: the logistic function, from 0 to 1",
            "pairs",
            "2 rows a pair, no reference pass",
            "about 2 × the activations of SFT",
            "Hong et al. 2024, arXiv 2403.07691",
            {"learning_rate": 5e-6, "beta": 0.1},
            {"learning_rate": "ORPO (arXiv 2403.07691)", "beta": "ORPO (arXiv 2403.07691), λ"},
        ),
        Method(
            "simpo",
            "SimPO · simple preference optimization",
            "Prefers the chosen answer by its mean log-probability per token, with a margin and without a reference. "
            "Less drawn to long answers than DPO, and one pass cheaper.",
            "L = −log σ( β [ log π(y⁺)/|y⁺| − log π(y⁻)/|y⁻| ] − γ )",
            "π: the model's probability · y⁺: the chosen answer · y⁻: the rejected one · |y|: its tokens · "
            "β: beta · γ: simpo_gamma · σ: the logistic function, from 0 to 1",
            "pairs",
            "2 rows a pair, no reference pass",
            "about 2 × the activations of SFT",
            "Meng et al. 2024, arXiv 2405.14734",
            {"learning_rate": 5e-6, "beta": 2.0, "simpo_gamma": 1.0},
            {
                "learning_rate": "SimPO (arXiv 2405.14734) uses 3e-7 to 1e-6 for all weights; higher for LoRA",
                "beta": "SimPO (arXiv 2405.14734): 2 to 10",
                "simpo_gamma": "SimPO (arXiv 2405.14734): gamma / beta = 0.5",
            },
        ),
        Method(
            "ppo",
            "PPO · proximal policy optimization",
            "Writes answers, has them scored by a reward, and makes better ones likelier, held near the start by a KL "
            "term. Choose it when you can score answers but cannot show good ones.",
            "L = −E[ min( ρ A, clip(ρ, 1−ε, 1+ε) A ) ],  reward − β KL(π ‖ π₀)",
            "ρ: how much likelier a token is than when it was sampled · A: how much better its answer is than the "
            "value expected · ε: cliprange · β: kl_coef · KL: how far the model π is from the one it started from, π₀",
            "prompts",
            "sampling, a reference and a value pass, then several passes over each batch",
            "two adapters and a cache for sampling; policy, reference, value and reward share one base",
            "Schulman et al. 2017, arXiv 1707.06347",
            {
                "learning_rate": 1.41e-5,
                "per_device_train_batch_size": 4,
                "lr_scheduler_type": "linear",
            },
            {
                "learning_rate": "TRL's LoRA recipe for RLHF on 24 GB",
                "per_device_train_batch_size": "with 4 accumulated, 16 answers an update",
                "lr_scheduler_type": "TRL",
            },
        ),
        Method(
            "reward",
            "Reward model",
            "Learns from pairs to give the chosen answer a higher score than the rejected one. PPO needs one when no "
            "function can score an answer.",
            "L = −log σ( r(x, y⁺) − r(x, y⁻) )",
            "r: the score · x: the prompt · y⁺: the chosen answer · y⁻: the rejected one · "
            "σ: the logistic function, from 0 to 1",
            "pairs",
            "2 rows a pair, no reference pass",
            "about 2 × the activations of SFT, no logits",
            "Bradley and Terry 1952; Ouyang et al. 2022, arXiv 2203.02155",
            {"learning_rate": 1e-4},
            {"learning_rate": "TRL's RewardConfig"},
        ),
        Method(
            "pretrain",
            "Continued pre-training",
            "Goes on reading plain text, as in pre-training, to learn a domain or a language. Suits base models; an "
            "instruct model can lose its manners and its knowledge.",
            "L = −Σₜ log π(xₜ | x₍<ₜ₎)",
            "π: the model's probability · xₜ: token t of the text",
            "text",
            "1 forward and backward pass over full rows",
            "as SFT at full length",
            "Gururangan et al. 2020, arXiv 2004.10964",
            {"learning_rate": 5e-5, "packing": True},
            {"learning_rate": "a quarter of SFT's: less forgetting", "packing": "TRL: no padding is computed"},
        ),
    )
}

"""What each method's loss needs."""

from typing import Literal

from pydantic import BaseModel

from ftwidgets.config.option import METHOD_NAMES, PAIRWISE, option


class MethodOptions(BaseModel):
    """The method and the parameters of its loss; names are TRL's."""

    method: Literal["sft", "dpo", "orpo", "simpo", "ppo", "reward", "pretrain"] = option(
        "dpo", "How the model learns.", "the built-in data are preference pairs", group="method", methods=METHOD_NAMES
    )
    train_on: Literal["auto", "completion", "assistant", "all"] | None = option(
        "auto",
        "Which tokens are learnt: the answer only, every assistant turn, or all of the text. "
        "“auto”: every assistant turn where the template marks them, else the last answer.",
        "instruction tuning trains on answers",
        group="method",
        methods=("sft",),
        advanced=True,
    )
    beta: float | None = option(
        0.1,
        "DPO: how strongly the model is held to its reference. ORPO: weight of the odds-ratio term (λ). "
        "SimPO: scale of the length-normalised reward.",
        "the method's paper",
        group="method",
        methods=PAIRWISE,
        gt=0,
        le=100,
        step=0.05,
    )
    loss_type: Literal["sigmoid", "ipo", "hinge", "robust", "apo_zero"] | None = option(
        "sigmoid",
        "Which DPO loss. sigmoid is DPO's own; ipo resists overfitting; hinge is SLiC's; "
        "robust allows for wrong labels; apo_zero raises chosen and lowers rejected.",
        "DPO (arXiv 2305.18290)",
        group="method",
        methods=("dpo",),
        advanced=True,
    )
    label_smoothing: float | None = option(
        0.0,
        "Share of pairs expected to be labelled the wrong way round (robust DPO).",
        "TRL",
        group="method",
        methods=("dpo",),
        advanced=True,
        ge=0,
        lt=0.5,
        step=0.05,
    )
    simpo_gamma: float | None = option(
        1.0,
        "Margin by which the chosen answer's reward should lead. The paper tunes gamma / beta: start at 0.5.",
        "SimPO (arXiv 2405.14734)",
        group="method",
        methods=("simpo",),
        ge=0,
        le=100,
        step=0.1,
    )
    nll_over: Literal["completion", "all"] | None = option(
        "completion",
        "ORPO's likelihood term over the answer (the paper), or over prompt and answer (TRL's experimental trainer).",
        "ORPO (arXiv 2403.07691)",
        group="method",
        methods=("orpo",),
        advanced=True,
    )
    precompute_ref_log_probs: bool | None = option(
        False,
        "Compute the reference's log-probabilities once, before training, and keep them in the run folder.",
        "TRL",
        group="method",
        methods=("dpo",),
        advanced=True,
    )
    prefix_sharing: Literal["auto", "on", "off"] | None = option(
        "auto",
        "Run the prompt once for both answers. “auto”: where it is proven equal for this model and pays.",
        "arXiv 2410.20305",
        group="method",
        methods=PAIRWISE,
        advanced=True,
    )
    center_rewards_coefficient: float | None = option(
        0.01,
        "Pulls the mean reward to zero, so that scores can be compared between prompts. 0 turns it off.",
        "TRL (arXiv 2312.09244)",
        group="method",
        methods=("reward",),
        advanced=True,
        ge=0,
        le=1,
        step=0.01,
    )

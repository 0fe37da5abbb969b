"""How long, how fast, in which portions; and what is kept."""

from typing import Literal

from pydantic import BaseModel

from ftwidgets.config.option import METHOD_NAMES, option

Optimizer = Literal[
    "auto", "adamw_torch", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "adamw_torch_fused", "adafactor"
]
Scheduler = Literal["linear", "cosine", "constant", "constant_with_warmup", "polynomial", "cosine_with_min_lr"]


class TrainingOptions(BaseModel):
    """The training loop; names are those of transformers' TrainingArguments."""

    num_train_epochs: float = option(
        1.0,
        "Times through the data. max_steps, when set, comes first.",
        "TRL's examples",
        group="training",
        gt=0,
        le=1000,
        step=1,
    )
    max_steps: int | None = option(
        None,
        "Stop after this many optimizer steps.",
        "by epochs",
        group="training",
        ge=1,
        unit="steps",
        empty="as num_train_epochs says",
    )
    learning_rate: float = option(
        2e-4,
        "Size of a step. Too high forgets and diverges, too low learns nothing.",
        "the method's",
        group="training",
        gt=0,
        le=1,
    )
    per_device_train_batch_size: int = option(
        2,
        "Rows (or pairs) run through the model at once. Memory grows with it.",
        "fits 12 GB cards",
        group="training",
        ge=1,
        le=4096,
    )
    gradient_accumulation_steps: int = option(
        4,
        "Batches added up before each step: the same learning as a larger batch, in less memory.",
        "an effective batch of 8",
        group="training",
        ge=1,
        le=4096,
    )
    gradient_checkpointing: bool = option(
        True,
        "Compute activations again instead of keeping them: far less memory, about a third more time.",
        "QLoRA (arXiv 2305.14314)",
        group="training",
    )
    lr_scheduler_type: Scheduler = option(
        "cosine",
        "How the learning rate falls over the run.",
        "Zephyr (arXiv 2310.16944)",
        group="training",
        advanced=True,
    )
    warmup_steps: float = option(
        0.1,
        "Steps over which the learning rate rises from 0; below 1, a share of all steps.",
        "Zephyr (arXiv 2310.16944)",
        group="training",
        advanced=True,
        ge=0,
        step=0.05,
    )
    optim: Optimizer = option(
        "auto",
        "The optimizer. “auto”: paged_adamw_8bit on CUDA, adamw_torch elsewhere.",
        "QLoRA (arXiv 2305.14314)",
        group="training",
        advanced=True,
    )
    weight_decay: float = option(
        0.0, "Pulls weights towards zero.", "transformers", group="training", advanced=True, ge=0, le=1, step=0.01
    )
    max_grad_norm: float = option(
        1.0,
        "Gradients longer than this are shortened to it.",
        "transformers",
        group="training",
        advanced=True,
        gt=0,
        step=0.1,
    )
    seed: int = option(
        0,
        "Makes the run repeatable: data order, adapter start, sampling.",
        "any number",
        group="training",
        advanced=True,
        ge=0,
        le=2**32 - 1,
    )


class OutputOptions(BaseModel):
    """What a run writes down, and how often."""

    output_dir: str = option("runs", "Folder in which every run gets a folder of its own.", "ftwidgets", group="output")
    run_name: str | None = option(
        None, "A name to know the run by.", "made up", group="output", empty="method, model and time"
    )
    logging_steps: int = option(
        1, "Write metrics every so many steps.", "every step", group="output", advanced=True, ge=1
    )
    eval_steps: int = option(
        50,
        "Evaluate on the held-out rows every so many steps, besides before and after. 0: only before and after.",
        "ftwidgets",
        group="output",
        unit="steps",
        ge=0,
    )
    save_steps: int = option(
        100, "Keep a checkpoint every so many steps. 0: only the end.", "ftwidgets", group="output", unit="steps", ge=0
    )
    save_total_limit: int = option(
        2, "How many checkpoints are kept; the oldest go first.", "saves disk", group="output", advanced=True, ge=1
    )
    probe_prompts: list[str] | None = option(
        None,
        "Prompts answered before, along and after training, to see the change. One a line.",
        "held-out prompts",
        group="output",
        advanced=True,
        empty="some held-out prompts",
    )
    probe_steps: int = option(
        0,
        "Answer the probe prompts every so many steps, besides before and after.",
        "ftwidgets",
        group="output",
        unit="steps",
        ge=0,
        advanced=True,
    )
    max_new_tokens: int = option(
        64,
        "Longest answer to a probe prompt.",
        "ftwidgets",
        group="output",
        unit="tokens",
        advanced=True,
        ge=1,
        le=8192,
    )
    general_text: str | None = option(
        "builtin",
        "Text unlike the training data, on which perplexity shows what is forgotten: “builtin” for a few short texts "
        "in English and Chinese, or a file of your own. Measured before, along and after training.",
        "forgetting is rarely seen before it hurts (arXiv 2308.08747)",
        group="output",
        methods=[name for name in METHOD_NAMES if name != "reward"],  # a reward model predicts no text
        empty="forgetting is not measured",
    )
    report_to: list[str] | None = option(
        None,
        "Also send metrics to tensorboard, wandb, trackio or mlflow. One name a line.",
        "nothing leaves this machine",
        group="output",
        advanced=True,
        empty="nothing is sent anywhere",
    )

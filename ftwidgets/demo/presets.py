"""Settings that show each method on the built-in model in about a minute."""

_SMALL = {
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "max_length": 128,
    "eval_steps": 0,
    "save_steps": 0,
}

PRESETS: dict[str, dict] = {
    "sft": _SMALL | {"max_steps": 150, "per_device_train_batch_size": 16, "learning_rate": 1.5e-3},
    # Texts of any kind are given to it, and it can lose what it knows: 2e-4 is QLoRA's own rate (Dettmers et al. 2023),
    # in the range of continued pre-training by LoRA (Biderman et al. 2024: 1e-5 to 5e-4). At 3e-3, 300 pages of the web
    # (c4) took the perplexity of its own kind of text from 1.5 to 173, at 1e-3 to 5.6, at 3e-4 to 2.2, at 2e-4 to 1.54.
    "pretrain": _SMALL | {"max_steps": 120, "learning_rate": 2e-4},
    "dpo": _SMALL | {"max_steps": 60, "learning_rate": 5e-4},
    "orpo": _SMALL | {"max_steps": 60, "learning_rate": 1e-3},
    "simpo": _SMALL | {"max_steps": 60, "learning_rate": 5e-4},
    "reward": _SMALL | {"max_steps": 25, "per_device_train_batch_size": 16, "learning_rate": 1e-3},
    "ppo": _SMALL
    | {
        "max_steps": 40,
        "per_device_train_batch_size": 32,
        "num_ppo_epochs": 2,
        "response_length": 40,
        "kl_coef": 0.1,
        "learning_rate": 1e-3,
        "critic_learning_rate": 3e-3,
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "local_rollout_forward_batch_size": 64,
        "logging_steps": 2,
    },
}

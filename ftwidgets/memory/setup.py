"""Everything about a run that decides its memory, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftwidgets.config import PAIRWISE, RunConfig

Device = Literal["cuda", "cpu"]

# Bytes of optimizer state a trained parameter of so many bytes: two moments, in 8 bits or as wide as the parameter.
_STATE_BYTES = {"adamw_8bit": lambda _: 2.0, "paged_adamw_8bit": lambda _: 2.0, "adafactor": lambda _: 0.05}


@dataclass(frozen=True)
class Setup:
    """How a model is trained, as far as memory goes. Defaults are those of our own SFT on CUDA.

    The later fields exist because published measurements come from other trainers, which hold embeddings in float32,
    build full logits or keep activations elsewhere.
    """

    method: str = "sft"
    batch: int = 2  # rows, or pairs
    length: int = 1024  # tokens of a row
    rows_per_example: float = 1.0  # 2 for pairs; less where a pair shares its prompt
    r: int = 16
    targets: tuple[str, ...] = ()  # names of the layers with an adapter; empty: all linear layers
    lora_dropout: float = 0.0
    lora_bytes: float = 2.0
    state_bytes: float = 2.0  # optimizer state a trained parameter
    adapters: int = 1  # trained ones
    frozen_adapters: int = 0
    checkpointing: bool = True
    bits: Literal[4, 16] = 4
    double_quant: bool = True
    compute_bytes: int = 2
    device: Device = "cuda"
    # Sampling (PPO): rows sampled together, and their tokens
    sampled_rows: int = 0
    response: int = 0

    other_bytes: float = 2.0  # embeddings, LM head, norms; 4 after prepare_model_for_kbit_training
    stream_bytes: float | None = None  # of the hidden states between layers; None: as compute_bytes
    kept_logit_bytes: float = 0.0  # a logit; 0: the LM head is fused with the loss, and the logits are never whole
    offload: bool = False  # the checkpoints are kept in main memory
    fused_activation: bool = False  # a kernel that keeps the activation's input only
    extra_linear: int = 0  # parameters of quantised layers outside the decoder (a vision tower)
    context_bytes: float | None = None  # what CUDA takes for itself; None: the usual

    @property
    def tokens(self) -> float:
        """Tokens run forward and backward at once."""
        return self.batch * self.rows_per_example * self.length

    @classmethod
    def from_config(cls, config: RunConfig, device: Device = "cuda", prompt_share: float = 0.0) -> Setup:
        """What a config means for memory.

        Args:
            config: The run's.
            device: Where it runs.
            prompt_share: Share of a row that is prompt, where pairs share it (``prefix_sharing="on"``). With "auto" the
                batch that does not share decides.
        """
        ppo, pairs = config.method == "ppo", config.method in (*PAIRWISE, "reward")
        shared = config.method in PAIRWISE and config.prefix_sharing == "on"
        four_bit = config.load_in_4bit
        # TRL puts the adapter of a quantised model into bfloat16; PEFT leaves it in float32 elsewhere, and so in PPO.
        lora_bytes = 2.0 if four_bit and not ppo else 4.0
        optim = config.optim
        if optim == "auto":
            optim = "paged_adamw_8bit" if device == "cuda" else "adamw_torch"
        answers = (
            config.per_device_train_batch_size * config.gradient_accumulation_steps * (config.num_mini_batches or 1)
        )
        return cls(
            method=config.method,
            batch=config.per_device_train_batch_size,
            length=config.max_length,
            rows_per_example=2.0 - (prompt_share if shared else 0.0) if pairs else 1.0,
            r=config.r,
            targets=_names(config.target_modules),
            lora_dropout=0.0 if ppo else config.lora_dropout,
            lora_bytes=lora_bytes,
            state_bytes=_STATE_BYTES.get(optim, lambda width: 2 * width)(lora_bytes),
            adapters=2 if ppo and config.value_model != "head" else 1,
            frozen_adapters=1 if ppo and config.adapter else 0,
            checkpointing=config.gradient_checkpointing,
            bits=4 if four_bit else 16,
            double_quant=config.bnb_4bit_use_double_quant,
            compute_bytes=4 if config.bnb_4bit_compute_dtype == "float32" else 2,
            device=device,
            sampled_rows=min(config.local_rollout_forward_batch_size or 0, answers) if ppo else 0,
            response=config.response_length or 0 if ppo else 0,
            other_bytes=4.0 if config.bnb_4bit_compute_dtype == "float32" else 2.0,
        )


def _names(target_modules: str) -> tuple[str, ...]:
    if target_modules == "all-linear":
        return ()
    return tuple(name.strip() for name in target_modules.split(",") if name.strip())

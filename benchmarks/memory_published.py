"""Hold the memory estimate against measurements that other projects publish of their own QLoRA runs.

Each run is described as its trainer did it: what precision the embeddings were in, whether the logits were whole, what
the figure counts. Prints a table, and one line of JSON last. Needs no torch and no network; takes a second.
"""

import json
import statistics
from dataclasses import dataclass
from typing import Any

from ftwidgets.memory import Setup, estimate
from ftwidgets.models import Architecture

GB, GIB = 1e9, 2.0**30


def _model(hidden: int, layers: int, heads: int, kv_heads: int, mlp: int, vocab: int, **more: Any) -> Architecture:
    sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads, "head_dim": 128}
    sizes |= {"num_key_value_heads": kv_heads, "intermediate_size": mlp, "vocab_size": vocab}
    return Architecture.from_config(sizes | {"tie_word_embeddings": False, "model_type": "llama"} | more)


# Sizes from the config.json that each model is published with.
MODELS = {
    "Llama-3.1-8B": _model(4096, 32, 32, 8, 14336, 128256),
    "Llama-3.3-70B": _model(8192, 80, 64, 8, 28672, 128256),
    "Llama-3.2-3B": _model(3072, 28, 24, 8, 8192, 128256, tie_word_embeddings=True),
    "Qwen2.5-7B": _model(3584, 28, 28, 4, 18944, 152064, model_type="qwen2"),
    "Ministral-8B": _model(4096, 36, 32, 8, 12288, 131072, model_type="mistral"),
    "Apertus-8B": _model(4096, 32, 32, 8, 21504, 131072, model_type="apertus", hidden_act="xielu"),
    "AFM-4.5B": _model(2560, 36, 20, 4, 18432, 128000, model_type="arcee", hidden_act="relu2"),
    "Qwen3-4B": _model(2560, 36, 32, 8, 9728, 151936, model_type="qwen3", tie_word_embeddings=True),
    "Ministral-3-3B": _model(3072, 26, 32, 8, 9216, 131072, model_type="ministral3", tie_word_embeddings=True),
    "OLMo-3-7B": _model(4096, 32, 32, 32, 11008, 100278, model_type="olmo3"),
    "Seed-OSS-36B": _model(5120, 64, 80, 8, 27648, 155136, model_type="seed_oss"),
    "Mistral-Small-24B": _model(5120, 40, 32, 8, 32768, 131072, model_type="mistral"),
    "MiMo-7B": _model(4096, 36, 32, 8, 11008, 151680, model_type="mimo"),
}


@dataclass(frozen=True)
class Published:
    """One measurement: ``bytes`` as published, and the run it is of."""

    source: str
    model: str
    setup: Setup
    bytes: float
    note: str = ""

    @property
    def estimated(self) -> float:
        return estimate(MODELS[self.model], self.setup).total

    @property
    def error(self) -> float:
        return self.estimated / self.bytes - 1


# Transformers of late 2024 after prepare_model_for_kbit_training: embeddings and hidden states in float32; the loss
# keeps the logits in float32, their shifted copy, the log-probabilities and the gradient: 4 x 4 bytes.
_HF_2024: dict[str, Any] = {
    "other_bytes": 4.0, "stream_bytes": 4.0, "kept_logit_bytes": 16.0, "lora_bytes": 4.0, "state_bytes": 2.0,
}  # fmt: skip
# Since 2025 it makes no shifted copy: float32 logits, log-probabilities and gradient, and 16 bits to begin with.
_WHOLE_LOGITS = 14.0
# axolotl: float32 adapters under autocast, dropout, 8-bit Adam; peaks are what PyTorch reserved, so without context.
_AXOLOTL: dict[str, Any] = {
    "batch": 2, "length": 2048, "r": 32, "lora_dropout": 0.05,
    "lora_bytes": 4.0, "state_bytes": 2.0, "context_bytes": 0.0,
}  # fmt: skip
# torchtune: bfloat16 adapters and AdamW; logits in 16 bits whole, one eighth at a time in float32 with its gradient.
_TORCHTUNE: dict[str, Any] = {
    "batch": 2, "r": 8, "state_bytes": 4.0, "kept_logit_bytes": 2 + 2 * 4 / 8, "context_bytes": 0.0,
}  # fmt: skip
# ms-swift: float32 adapters and AdamW, logits whole.
_SWIFT: dict[str, Any] = {
    "batch": 1, "r": 8, "lora_dropout": 0.05, "lora_bytes": 4.0, "state_bytes": 8.0, "kept_logit_bytes": _WHOLE_LOGITS,
}  # fmt: skip


def _unsloth(model: str, card: int, tokens: int) -> Published:
    setup = Setup(batch=1, length=tokens, r=32, **_HF_2024)
    return Published("Unsloth", model, setup, card * GB, f"longest context in {card} GB: {tokens:,}")


def _axolotl(model: str, size: float, note: str = "", **changes: Any) -> Published:
    return Published("axolotl", model, Setup(**(_AXOLOTL | changes)), size, note)


RUNS = [
    *(
        _unsloth("Llama-3.1-8B", card, tokens)
        for card, tokens in ((12, 932), (16, 2551), (24, 5789), (40, 12264), (48, 15502), (80, 28454))
    ),
    _unsloth("Llama-3.3-70B", 80, 6916),
    Published("torchtune", "Llama-3.1-8B", Setup(length=2048, **_TORCHTUNE), 7.4 * GIB, "r 8, 2 x 2,048"),
    Published(
        "torchtune",
        "Llama-3.2-3B",
        Setup(length=4096, offload=True, **_TORCHTUNE),
        4.6 * GIB,
        "r 8, 2 x 4,096, checkpoints offloaded",
    ),
    Published(
        "ms-swift",
        "Qwen2.5-7B",
        Setup(
            batch=1,
            length=2048,
            r=8,
            lora_dropout=0.05,
            lora_bytes=4.0,
            state_bytes=8.0,
            kept_logit_bytes=_WHOLE_LOGITS,
        ),
        10 * GB,
        "r 8, 1 x 2,048; its short rows never fill 2,048, and the figure is round",
    ),
    _axolotl("Ministral-8B", 8.76 * GIB),
    _axolotl("Apertus-8B", 8.7 * GIB, "with the fused xIELU kernel its guide installs", fused_activation=True),
    _axolotl("AFM-4.5B", 7.8 * GIB, "ReLU² under autocast: float32 copies of the widest tensor, some not counted"),
    _axolotl("Qwen3-4B", 5.1 * GIB),
    _axolotl("Ministral-3-3B", 4.76 * GIB, "with its vision tower", extra_linear=410_000_000),
    _axolotl(
        "OLMo-3-7B",
        11.3 * GIB,
        "only without the fused loss: with it, as its recipe reads, the estimate is 8.5 GB (−30%)",
        kept_logit_bytes=_WHOLE_LOGITS,
    ),
    _axolotl("Seed-OSS-36B", 27.7 * GIB),
    _axolotl("Mistral-Small-24B", 24 * GB, "Magistral; the same recipe is published as 19.1 GiB as well (+3%)"),
    _axolotl("Mistral-Small-24B", 21 * GB, "Devstral; no dropout, 32-bit AdamW", lora_dropout=0.0, state_bytes=8.0),
    _axolotl("MiMo-7B", 17.2 * GIB, "without the fused loss", kept_logit_bytes=_WHOLE_LOGITS),
]


def table() -> list[str]:
    """The measurements and the estimates, as Markdown."""
    lines = ["| source | model | published GB | estimated GB | error | |", "|---|---|--:|--:|--:|---|"]
    for run in RUNS:
        size, guess = run.bytes / GB, run.estimated / GB
        lines.append(f"| {run.source} | {run.model} | {size:.2f} | {guess:.2f} | {run.error:+.1%} | {run.note} |")
    return lines


def summary() -> dict[str, float]:
    """Over all runs: the median and the largest absolute error, and the share within the estimate's own range."""
    errors = [abs(run.error) for run in RUNS]
    within = 0
    for run in RUNS:
        guess = estimate(MODELS[run.model], run.setup)
        within += guess.low <= run.bytes <= guess.high
    return {
        "runs": len(RUNS),
        "median_error": statistics.median(errors),
        "largest_error": max(errors),
        "within_range": within / len(RUNS),
    }


if __name__ == "__main__":
    print("\n".join(table()))
    print(json.dumps({"benchmark": "memory_published"} | summary()))

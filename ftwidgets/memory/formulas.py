"""How many bytes each part of a run takes, from the sizes of the model.

Letters in comments: T tokens run at once, H hidden width, Q and K widths of all query and of all key heads, M width of
the MLP, V vocabulary, r rank. Activations are counted tensor by tensor, as PyTorch keeps them for the backward pass of
transformers' decoder layers with a frozen base and LoRA: a frozen linear layer keeps nothing, its adapter its input.
"""

from __future__ import annotations

from collections.abc import Sequence

from ftwidgets.config import PAIRWISE
from ftwidgets.memory.setup import Setup
from ftwidgets.models import Architecture, Linear

QUANTISED_BYTES = 0.5 + 4 / 64  # 4 bits, and a float32 scale for 64 weights
DOUBLE_QUANTISED_BYTES = 0.5 + (1 + 4 / 256) / 64  # the scales in 8 bits, with a float32 scale for 256 of them
CUDA_CONTEXT = 0.5e9  # bytes of driver, kernels and library handles
LOGIT_BLOCK = 16 * 2**20  # logits that our own heads hold at a time
# What a process on the CPU holds besides: the tokenizer's tables, for each word, and the data with its tools. The
# libraries themselves (0.7 GB) are not counted: they are there after the first run.
TOKENIZER_WORD, DATA_TOOLS = 1250.0, 0.06e9


def weights(a: Architecture, linears: Sequence[Linear], other: int, s: Setup) -> float:
    """The frozen model: linear layers in 4 bits, everything else (embeddings, LM head, norms, experts) as it is."""
    inside = sum(linear.parameters for linear in linears) + s.extra_linear
    each = float(s.other_bytes)
    if s.bits == 4:
        each = DOUBLE_QUANTISED_BYTES if s.double_quant else QUANTISED_BYTES
    return inside * each + other * s.other_bytes


def adapter_parameters(linears: Sequence[Linear], s: Setup) -> int:
    """Parameters of one LoRA adapter: r(inputs + outputs) for each layer it changes."""
    return sum(s.r * (x.inputs + x.outputs) * x.copies for x in linears if _has_adapter(x, s))


def adapters(linears: Sequence[Linear], s: Setup) -> float:
    """Adapters and their gradients."""
    one = adapter_parameters(linears, s) * s.lora_bytes
    return one * (2 * s.adapters + s.frozen_adapters)


def optimizer(linears: Sequence[Linear], s: Setup) -> float:
    """The optimizer's two moments."""
    return adapter_parameters(linears, s) * s.state_bytes * s.adapters


def kept_by_a_layer(a: Architecture, linears: Sequence[Linear], s: Setup) -> float:
    """Bytes a token that one layer keeps for its backward pass."""
    c = s.compute_bytes
    norms = 4 * a.hidden * a.norms + (4 * (a.query_width + a.kv_width) if a.qk_norm else 0)  # their float32 input
    attention = c * (2 * a.query_width + 2 * a.kv_width) + 4 * a.heads  # queries, output, keys, values, log-sums
    return norms + attention + _kept_by_activation(a, s) + _kept_by_adapters(a, linears, s)


def working_set(a: Architecture, s: Setup) -> float:
    """Bytes a token of gradients on their way through one layer: those of the MLP are the widest."""
    c = s.compute_bytes
    wide = (3 if a.gated else 2) * a.mlp
    if a.activation == "relu2" and s.device == "cuda":
        wide += 6 * a.mlp  # autocast squares in float32, there and back
    return c * (wide + a.hidden) + 6 * a.hidden


def activations(a: Architecture, linears: Sequence[Linear], s: Setup) -> tuple[float, float]:
    """Bytes kept for the backward pass, and bytes of the layer that is at work.

    With checkpointing each layer keeps its input only, and is computed again when the gradient comes by.
    """
    stream = s.stream_bytes if s.stream_bytes is not None else float(s.compute_bytes)
    layer = kept_by_a_layer(a, linears, s)
    at_work = s.tokens * working_set(a, s)
    if not s.checkpointing:
        return s.tokens * a.layers * layer, at_work
    kept = 0.0 if s.offload else s.tokens * a.layers * a.hidden * stream
    return kept, at_work + s.tokens * layer


def logits(a: Architecture, s: Setup) -> float:
    """What the loss takes beyond the last hidden states."""
    if s.method == "reward":
        return 0.0
    if s.kept_logit_bytes:
        return s.kept_logit_bytes * s.tokens * a.vocab
    gradient = 4 * s.tokens * a.hidden  # of the last hidden states, in float32
    if s.method == "ppo" or (s.device == "cpu" and s.method in PAIRWISE):  # our own heads: a block of logits at a time
        return min(s.tokens * a.vocab, LOGIT_BLOCK) * 14 + gradient
    tile = min(s.tokens, 4096) * min(a.vocab, 32768)
    if s.device == "cpu":  # TRL's kernel without Triton: eight float32 tensors of a tile's size, and the tile
        return 34 * tile + gradient
    return 2 * tile + gradient


def rollouts(a: Architecture, linears: Sequence[Linear], s: Setup) -> float:
    """Sampling answers (PPO): keys and values of every token so far, and one row of logits an answer. On the CPU also
    the 4-bit layers written out, which are kept for as long as answers are sampled."""
    if not s.sampled_rows:
        return 0.0
    c = s.compute_bytes
    full = a.full_attention_layers if a.full_attention_layers is not None else a.layers
    window = min(s.length, a.sliding_window or s.length)
    cache = 2 * a.kv_width * c * (full * s.length + (a.layers - full) * window) * s.sampled_rows
    prompt = max(s.length - s.response, 1) * s.sampled_rows
    first_pass = prompt * (c * (3 * a.mlp + 2 * a.hidden) + 6 * a.hidden)
    plain = c * sum(x.parameters for x in linears if _has_adapter(x, s)) if s.device == "cpu" and s.bits == 4 else 0.0
    return plain + cache + max(first_pass, 14 * s.sampled_rows * a.vocab)


def workspace(linears: Sequence[Linear], s: Setup) -> float:
    """A layer's weights written out in 16 bits: this one, and the one before it that is not yet given back."""
    if s.bits != 4:
        return 0.0
    return 2 * s.compute_bytes * max((x.inputs * x.outputs for x in linears), default=0)


def context(a: Architecture, s: Setup) -> float:
    """What the device holds besides the model."""
    if s.context_bytes is not None:
        return s.context_bytes
    return CUDA_CONTEXT if s.device == "cuda" else DATA_TOOLS + TOKENIZER_WORD * a.vocab


def _has_adapter(linear: Linear, s: Setup) -> bool:
    return not s.targets or linear.name in s.targets


def _kept_by_adapters(a: Architecture, linears: Sequence[Linear], s: Setup) -> float:
    c = s.compute_bytes
    # CUDA runs under autocast, which feeds a float32 adapter in 16 bits; the CPU gives it a float32 copy of its own.
    width = min(s.lora_bytes, c) if s.device == "cuda" else s.lora_bytes
    inside = {x.name: x for x in linears if _has_adapter(x, s)}
    ranks = width * s.r * len(inside)  # what A gives to B
    if s.lora_dropout > 0:  # each adapter keeps an input of its own, and its mask
        mask = 1 if s.device == "cuda" else width
        return ranks + sum((width + mask) * x.inputs for x in inside.values())
    if width > c:
        return ranks + sum(width * x.inputs for x in inside.values())
    # Adapters that read the same tensor keep it once; the attention's output is kept by the attention already.
    groups = {_reads(x.name): x.inputs for x in inside.values() if _reads(x.name) != "attention"}
    return ranks + c * sum(groups.values())


def _reads(name: str) -> str:
    if name in ("q_proj", "k_proj", "v_proj", "qkv_proj", "query_key_value", "c_attn"):
        return "first norm"
    if name in ("gate_proj", "up_proj", "gate_up_proj"):
        return "second norm"
    return "attention" if name in ("o_proj", "dense") else name


def _kept_by_activation(a: Architecture, s: Setup) -> float:
    c = s.compute_bytes
    if a.gated:
        return c * 3 * a.mlp  # gate, its activation, up
    if s.fused_activation:
        return c * a.mlp
    if a.activation == "relu2":  # under autocast the square is taken in float32, of a copy
        return (c + 4) * a.mlp if s.device == "cuda" else c * a.mlp
    if a.activation == "xielu":
        return (3 * c + 1) * a.mlp  # written out in PyTorch: three tensors and a mask
    return c * a.mlp

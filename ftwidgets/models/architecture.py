"""The sizes of a model, read from its config.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

# Families whose MLP has no gate: two matrices instead of three. Any other decoder is taken to be gated.
_UNGATED_FAMILIES = frozenset(
    {"gpt2", "gpt_neo", "gpt_neox", "gptj", "gpt_bigcode", "opt", "bloom", "mpt", "codegen", "phi", "starcoder2"}
    | {"nemotron", "arcee", "apertus"}
)
_UNGATED_ACTIVATIONS = frozenset({"relu2", "xielu"})
# Families that normalise queries and keys although their config does not say so.
_QK_NORM_FAMILIES = frozenset({"qwen3", "qwen3_moe", "gemma3", "gemma3_text", "olmo2", "olmo3", "apertus"})
_FOUR_NORM_FAMILIES = frozenset({"gemma2", "gemma3", "gemma3_text"})
_EXPERT_COUNTS = ("num_local_experts", "num_experts", "n_routed_experts")


class Linear(NamedTuple):
    """One kind of linear layer: ``copies`` of an ``outputs`` x ``inputs`` matrix."""

    name: str
    inputs: int
    outputs: int
    copies: int

    @property
    def parameters(self) -> int:
        return self.inputs * self.outputs * self.copies


@dataclass(frozen=True)
class Architecture:
    """A decoder's sizes, in elements. ``from_config`` reads the names that the families use."""

    model_type: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocab: int
    context: int | None = None
    tied: bool = False
    gated: bool = True
    activation: str = "silu"
    qk_norm: bool = False
    norms: int = 2  # of the hidden width, per layer
    sliding_window: int | None = None
    full_attention_layers: int | None = None  # where some layers see a window only
    experts: int = 0  # per layer; they are not linear layers to bitsandbytes and PEFT, and stay in 16 bits
    expert_mlp: int = 0
    dense_layers: int = 0  # of a mixture of experts: layers with an ordinary MLP

    @property
    def query_width(self) -> int:
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_dim

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Architecture:
        """Read a config.json already parsed; a model with parts (vision and text) by its text part.

        Raises:
            KeyError: A size that every decoder needs is missing; the argument is its name.
        """
        outer = config
        config = _text_part(config)
        hidden = _size(config, "hidden_size", "n_embd", "d_model")
        heads = _size(config, "num_attention_heads", "n_head", "n_heads")
        layers = _size(config, "num_hidden_layers", "n_layer", "n_layers")
        family = str(config.get("model_type", ""))
        activation = str(
            config.get("hidden_act") or config.get("hidden_activation") or config.get("activation_function") or "silu"
        )
        kinds = config.get("layer_types") or []
        mlp = int(config.get("intermediate_size") or config.get("n_inner") or config.get("ffn_dim") or 4 * hidden)
        window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
        return cls(
            model_type=family,
            hidden=hidden,
            layers=layers,
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            mlp=mlp,
            vocab=_size(config, "vocab_size"),
            context=_optional(config, "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"),
            tied=bool(config.get("tie_word_embeddings", outer.get("tie_word_embeddings", _ties_by_default(family)))),
            gated=family not in _UNGATED_FAMILIES and activation not in _UNGATED_ACTIVATIONS,
            activation=activation,
            qk_norm=family in _QK_NORM_FAMILIES or bool(config.get("use_qk_norm")),
            norms=4 if family in _FOUR_NORM_FAMILIES else 2,
            sliding_window=int(window) if window else None,
            full_attention_layers=sum(k == "full_attention" for k in kinds) if kinds and window else None,
            experts=next((int(config[k]) for k in _EXPERT_COUNTS if config.get(k)), 0),
            expert_mlp=int(config.get("moe_intermediate_size") or mlp),
            dense_layers=int(config.get("first_k_dense_replace") or len(config.get("mlp_only_layers") or ())),
        )

    def linears(self) -> tuple[Linear, ...]:
        """The linear layers inside the decoder's blocks, as the family's usual names; the LM head is not one."""
        query, kv, width = self.query_width, self.kv_width, self.hidden
        found = [
            Linear("q_proj", width, query, self.layers),
            Linear("k_proj", width, kv, self.layers),
            Linear("v_proj", width, kv, self.layers),
            Linear("o_proj", query, width, self.layers),
        ]
        dense = self.dense_layers if self.experts else self.layers
        if dense and self.gated:
            found.append(Linear("gate_proj", width, self.mlp, dense))
        if dense:
            found += [Linear("up_proj", width, self.mlp, dense), Linear("down_proj", self.mlp, width, dense)]
        return tuple(found)

    def expert_parameters(self) -> int:
        """Parameters of the experts of a mixture of experts."""
        return (self.layers - self.dense_layers) * self.experts * 3 * self.hidden * self.expert_mlp

    def parameters(self) -> int:
        """Parameters by the formula: linear layers, embeddings and norms, without biases."""
        embeddings = self.vocab * self.hidden * (1 if self.tied else 2)
        norms = self.hidden * (self.norms * self.layers + 1)
        return sum(linear.parameters for linear in self.linears()) + self.expert_parameters() + embeddings + norms


def has_vision(config: dict[str, Any]) -> bool:
    """Whether the config describes a model that also sees or hears."""
    return any(key in config for key in ("vision_config", "audio_config", "vision_tower", "mm_vision_tower"))


def _text_part(config: dict[str, Any]) -> dict[str, Any]:
    for key in ("text_config", "llm_config", "language_config"):
        part = config.get(key)
        if isinstance(part, dict) and ("hidden_size" in part or "num_hidden_layers" in part):
            return part
    return config


def _size(config: dict[str, Any], *names: str) -> int:
    for name in names:
        if config.get(name) is not None:
            return int(config[name])
    raise KeyError(names[0])


def _optional(config: dict[str, Any], *names: str) -> int | None:
    return next((int(config[name]) for name in names if config.get(name)), None)


def _ties_by_default(family: str) -> bool:
    # What transformers' config classes take when config.json leaves it out.
    return family.startswith(("gemma", "gpt2", "bloom", "opt", "cohere"))

"""Base or instruct: what the files say, and how sure that makes us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from ftwidgets.models.tokenizer_files import TokenizerFiles

# Tokens that end a turn, not a document. A model that stops at one has been taught to take turns.
TURN_ENDS = frozenset(
    {"<|im_end|>", "<end_of_turn>", "<turn|>", "<|eot_id|>", "<|eot|>", "<|end|>", "<|end_of_turn|>", "<|user|>"}
    | {"<|END_OF_TURN_TOKEN|>", "<|endofturn|>", "<|return|>", "<|end_of_role|>", "[/INST]"}
)
_INSTRUCT_NAME = re.compile(
    r"(?:^|[-_/. ])(instruct|chat|it|sft|dpo|orpo|rlhf|rl|reasoning|thinking|assistant|tulu|zephyr|hermes)"
    r"(?=$|[-_. \d])",
    re.IGNORECASE,
)
_BASE_NAME = re.compile(r"(?:^|[-_/. ])(base|pt|pretrained|foundation)(?=$|[-_. \d])", re.IGNORECASE)
_SURE, _LIKELY = 3, 1.5


@dataclass(frozen=True)
class Evidence:
    """One observation: ``weight`` above zero speaks for instruct, below for base."""

    text: str
    weight: float

    @property
    def speaks_for(self) -> str:
        return "instruct" if self.weight > 0 else "base"


@dataclass(frozen=True)
class Kind:
    """Base or instruct. No single file says it, so it is a judgement with its evidence, heaviest first."""

    name: Literal["base", "instruct", "unknown"]
    certainty: Literal["", "probably", "perhaps"]
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        return f"{self.certainty} {self.name}".strip()


def base_or_instruct(
    names: list[str],
    config: dict[str, Any],
    generation: dict[str, Any],
    tokenizer: TokenizerFiles,
    front_matter: dict[str, Any],
) -> Kind:
    """Weigh what a model's files say about how it was trained.

    A chat template alone proves little: base models ship one too (Qwen2.5 does). What a model stops at says more.

    Args:
        names: What the model is called: its hub id, its folder's name.
        config: config.json.
        generation: generation_config.json.
        tokenizer: The tokenizer's files.
        front_matter: The model card's YAML header.
    """
    found = [*_from_names(names), *_from_stop_tokens(config, generation, tokenizer), *_from_card(front_matter)]
    if tokenizer.chat_template:
        found.append(Evidence("has a chat template (some base models have one too)", 0.5))
    elif tokenizer.kind:
        found.append(Evidence("has no chat template", -1.5))
    if generation.get("do_sample") or generation.get("temperature") not in (None, 1, 1.0):
        found.append(Evidence("generation_config.json sets sampling, as chat models do", 0.5))
    found.sort(key=lambda e: -abs(e.weight))
    total = sum(e.weight for e in found)
    if not found or abs(total) < 0.5:
        return Kind("unknown", "", tuple(found))
    certainty: Literal["", "probably", "perhaps"] = (
        "" if abs(total) >= _SURE else "probably" if abs(total) >= _LIKELY else "perhaps"
    )
    return Kind("instruct" if total > 0 else "base", certainty, tuple(found))


def _from_names(names: list[str]) -> list[Evidence]:
    for name in names:
        if match := _BASE_NAME.search(name):
            return [Evidence(f"its name says “{match[1]}”", -2.5)]
        if match := _INSTRUCT_NAME.search(name):
            return [Evidence(f"its name says “{match[1]}”", 2.5)]
    return []


def _from_stop_tokens(config: dict[str, Any], generation: dict[str, Any], tokenizer: TokenizerFiles) -> list[Evidence]:
    source = "generation_config.json" if generation.get("eos_token_id") is not None else "config.json"
    stops = generation.get("eos_token_id", config.get("eos_token_id"))
    numbers = stops if isinstance(stops, list) else [stops]
    texts = [tokenizer.token(n) for n in numbers if isinstance(n, int)]
    turn = next((text for text in texts if text in TURN_ENDS), None)
    if turn:
        return [Evidence(f"it stops at {turn}, the end of a turn ({source})", 2)]
    if any(texts) and any(token in TURN_ENDS for token in tokenizer.tokens):
        end = next(text for text in texts if text)
        return [Evidence(f"it stops at {end}, the end of a document, though it knows a token that ends a turn", -1.5)]
    if tokenizer.eos_token in TURN_ENDS:
        return [Evidence(f"its tokenizer ends texts with {tokenizer.eos_token}, the end of a turn", 1)]
    return []


def _from_card(front_matter: dict[str, Any]) -> list[Evidence]:
    found = []
    tags = {str(tag).lower() for tag in _as_list(front_matter.get("tags"))}
    if tags & {"conversational", "chat", "instruct", "instruction-tuned"}:
        found.append(Evidence("its model card is tagged as conversational", 1))
    relation = front_matter.get("base_model_relation")
    base = [str(b) for b in _as_list(front_matter.get("base_model"))]
    if base and relation in (None, "finetune") and not tags & {"pretrained", "base"}:
        found.append(Evidence(f"its model card names the model it was made from ({base[0]})", 1))
    if tags & {"pretrained", "base"}:
        found.append(Evidence("its model card is tagged as pre-trained", -1))
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]

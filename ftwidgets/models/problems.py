"""What stands in the way of training a model, said before anything is loaded, each with a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ftwidgets.models.architecture import has_vision
from ftwidgets.models.tokenizer_files import TokenizerFiles
from ftwidgets.models.weight_files import Weights

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_SPARE_ROWS = 0.05  # embeddings are padded to round numbers: by 2.4% at most in the families we know


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a model and what to do; ``blocking`` where training cannot start, ``missing`` where a file
    that it needs is not there."""

    message: str
    advice: str
    blocking: bool = True
    missing: bool = False

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"


def no_config(folder: Path) -> Problem:
    """Why a folder without a readable config.json is not a model."""
    if (folder / "adapter_config.json").is_file():
        return Problem(
            "This folder holds an adapter, not a model.",
            "Put the base model in model and this folder in adapter, to go on training it.",
        )
    gguf = sorted(folder.glob("*.gguf"))
    if gguf:
        return Problem(
            f"Only GGUF weights here ({gguf[0].name}), which cannot be trained.",
            "Use the safetensors model it was converted from; its name is usually the same without “-GGUF”.",
        )
    if (folder / "config.json").is_file():
        return Problem("config.json is not readable.", "Download the model again.")
    if (folder / "params.json").is_file():
        return Problem(
            "This is the author's own layout (params.json), not the Hugging Face one.",
            "Use the version of the model with config.json and model.safetensors.",
        )
    inside = next((path.parent for path in sorted(folder.glob("*/config.json"))), None)
    return Problem(
        "There is no model in this folder: it has no config.json.",
        f"Did you mean {inside}?"
        if inside is not None
        else "Choose the folder with config.json, the weights (model.safetensors) and the tokenizer.",
    )


def about_family(config: dict[str, Any]) -> Iterator[Problem]:
    """Problems of the kind of model it is."""
    classes = [str(name) for name in config.get("architectures") or []]
    family = str(config.get("model_type", ""))
    if has_vision(config):
        yield Problem(
            "It also takes images or sound; only text models are supported.",
            "Use the text-only model of the family, where there is one.",
        )
    elif classes and not any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in classes):
        yield Problem(
            f"{classes[0]} does not write text from left to right.", "Choose a model that ends in “ForCausalLM”."
        )
    else:
        known = causal_families()
        if known is not None and family and family not in known:
            if config.get("auto_map"):
                yield Problem(
                    f"The installed transformers has no “{family}”: the model brings Python code of its own.",
                    "Set trust_remote_code only if you trust its author, or choose a model of a known family.",
                )
            else:
                yield Problem(
                    f"The installed transformers does not know “{family}”.",
                    "Update transformers, or choose a model of a known family.",
                )
    yield from _about_quantization(config)


def about_weights(folder: Path, weights: Weights | None) -> Iterator[Problem]:
    """Problems of the files that the weights are in."""
    if weights is not None:
        return
    pickles = [file.name for pattern in _PICKLES for file in sorted(folder.glob(pattern))]
    weight_pickles = [n for n in pickles if n.startswith(("pytorch_model", "model", "consolidated"))]
    gguf = sorted(folder.glob("*.gguf"))
    if weight_pickles:
        yield Problem(
            f"Its weights are pickled ({weight_pickles[0]}); opening such a file can run code.",
            "Choose a copy in safetensors, or set use_safetensors=False if you trust its author.",
        )
    elif gguf:
        yield Problem(
            f"Only GGUF weights here ({gguf[0].name}), which cannot be trained.",
            "Use the safetensors model it was converted from.",
        )
    else:
        yield Problem(
            "There are no weights here.", "Download the model, or choose a folder with model.safetensors.", missing=True
        )


def about_tokenizer(tokenizer: TokenizerFiles, rows: int | None, kind: str) -> Iterator[Problem]:
    """Problems of the tokenizer, and of its fit to the ``rows`` of the embedding."""
    if tokenizer.kind is None:
        yield Problem(
            "There is no tokenizer here.", "Copy the tokenizer's files from the original model into it.", missing=True
        )
        return
    if tokenizer.kind == "tekken.json":
        yield Problem(
            "Its tokenizer is in Mistral's own format only (tekken.json).",
            "Use a copy of the model with tokenizer.json, or install mistral-common.",
            blocking=False,
        )
    if tokenizer.size and rows:
        beyond = sorted(text for text, number in tokenizer.tokens.items() if number >= rows)
        if beyond and tokenizer.eos_token in beyond:
            yield Problem(
                f"The tokenizer ends a text with {tokenizer.eos_token}, for which the model has no row.",
                "Use the tokenizer that the model was trained with.",
            )
        elif tokenizer.size > rows and tokenizer.size - rows == len(beyond):
            yield Problem(
                f"{len(beyond)} special token{'s' if len(beyond) > 1 else ''} of the tokenizer "
                f"({beyond[0]}) {'have' if len(beyond) > 1 else 'has'} no row in the model.",
                "It trains all the same: a text that holds one is read as ordinary words.",
                blocking=False,
            )
        elif tokenizer.size > rows:
            yield Problem(
                f"The tokenizer knows {tokenizer.size:,} tokens, the model only {rows:,}: they do not belong together.",
                "Use the tokenizer that the model was trained with.",
            )
        elif tokenizer.size < rows * (1 - _SPARE_ROWS):
            yield Problem(
                f"The tokenizer knows {tokenizer.size:,} tokens, the model {rows:,}: perhaps of different models.",
                "Check that the tokenizer is the model's own.",
                blocking=False,
            )
    if tokenizer.chat_template is None and kind != "base":
        yield Problem(
            "It has no chat template.", "Choose one in chat_template if your data are conversations.", blocking=False
        )


def about_experts(experts: int) -> Iterator[Problem]:
    """A note on mixtures of experts."""
    if experts:
        yield Problem(
            f"A mixture of {experts} experts, which stay in 16 bits and get no adapter: only linear layers do.",
            "Expect several times the memory of a dense model with as many parameters; the estimate counts it.",
            blocking=False,
        )


def _about_quantization(config: dict[str, Any]) -> Iterator[Problem]:
    settings = config.get("quantization_config")
    if not isinstance(settings, dict):
        return
    method = str(settings.get("quant_method", "")).lower() or "some other way"
    if method == "bitsandbytes" and settings.get("load_in_4bit"):
        yield Problem(
            "Its weights are 4-bit already (bitsandbytes).",
            "It trains as it is, with the number format it was saved in.",
            blocking=False,
        )
    else:
        bits = "8 bits" if settings.get("load_in_8bit") else f"{settings['bits']} bits" if "bits" in settings else ""
        way = " ".join(part for part in (method.upper() if len(method) <= 5 else method, bits) if part)
        yield Problem(
            f"Its weights are quantised already ({way}).",
            "Use the model it was made from, in 16 bits: it is quantised to 4 bits while loading.",
        )


@lru_cache(maxsize=1)
def causal_families() -> frozenset[str] | None:
    """The ``model_type``s that the installed transformers can load to write text, without importing it.

    None where they cannot be told.
    """
    spec = find_spec("transformers")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(next(iter(spec.submodule_search_locations))) / "models" / "auto" / "modeling_auto.py"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return None
    block = re.search(r"^MODEL_FOR_CAUSAL_LM_MAPPING_NAMES\b.*?^\)", text, re.DOTALL | re.MULTILINE)
    found = frozenset(re.findall(r'\(\s*"([\w.-]+)",', block[0])) if block else frozenset()
    return found or None

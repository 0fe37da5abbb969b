"""Which model, in how many bits, with which adapter."""

from typing import Literal

from pydantic import BaseModel

from ftwidgets.config.option import option

_QLORA = "QLoRA (arXiv 2305.14314)"


class ModelOptions(BaseModel):
    """The model and how it is loaded; names are those of transformers and bitsandbytes."""

    model: str = option(
        "demo",
        "The model to fine-tune: a folder, a Hugging Face id, or “demo” for the small built-in one.",
        "the built-in model works offline",
        group="model",
    )
    revision: str | None = option(
        None,
        "Branch, tag or commit of a hub model.",
        "transformers",
        group="model",
        advanced=True,
        empty="the main branch",
    )
    adapter: str | None = option(
        None,
        "Folder of a LoRA adapter to go on training from. Its rank, scale and layers stay as they are.",
        "start a new adapter",
        group="model",
        advanced=True,
        empty="a new adapter starts",
    )
    chat_template: str | None = option(
        None,
        "Chat template for a model that has none: “chatml”, “plain”, or the path of a Jinja file.",
        "the model's own",
        group="model",
        advanced=True,
        empty="the model's own; “plain” where it has none",
    )
    trust_remote_code: bool = option(
        False,
        "Run Python code that comes with the model. Only for authors you trust.",
        "transformers",
        group="model",
        advanced=True,
    )
    use_safetensors: bool = option(
        True,
        "Load safetensors only. Pickle weights can run code when they are opened.",
        "safety",
        group="model",
        advanced=True,
    )
    load_in_4bit: bool = option(
        True,
        "Keep the base model's linear layers in 4 bits while a 16-bit adapter learns (QLoRA).",
        _QLORA,
        group="model",
    )
    bnb_4bit_quant_type: Literal["nf4", "fp4"] = option(
        "nf4", "The 4-bit number format. NF4 fits normally distributed weights.", _QLORA, group="model", advanced=True
    )
    bnb_4bit_use_double_quant: bool = option(
        True, "Quantise the quantisation constants too: 0.4 bits less a weight.", _QLORA, group="model", advanced=True
    )
    bnb_4bit_compute_dtype: Literal["auto", "bfloat16", "float16", "float32"] = option(
        "auto",
        "The format of the arithmetic. “auto”: bfloat16 where the device has it, else float16 on CUDA and float32.",
        "what the device can do",
        group="model",
        advanced=True,
    )


class LoraOptions(BaseModel):
    """The adapter; names are PEFT's."""

    r: int = option(
        16,
        "Rank of the adapter: how much it can learn. Memory grows with it.",
        "PEFT guides",
        group="model",
        ge=1,
        le=1024,
    )
    lora_alpha: int = option(
        32, "The adapter's update is scaled by lora_alpha / r.", "PEFT guides: twice r", group="model", ge=1, le=4096
    )
    lora_dropout: float = option(
        0.0,
        "Share of the adapter's inputs dropped while training.",
        "0 saves 2.2 times the activation memory of a layer",
        group="model",
        advanced=True,
        ge=0,
        lt=1,
        step=0.05,
    )
    target_modules: str = option(
        "all-linear",
        "Layers that get an adapter: “all-linear”, or names separated by commas.",
        _QLORA,
        group="model",
        advanced=True,
    )
    use_rslora: bool = option(
        False,
        "Scale by lora_alpha / √r instead, which keeps high ranks learning.",
        "PEFT (arXiv 2312.03732)",
        group="model",
        advanced=True,
    )

"""Model and tokenizer, in 4 bits, with a LoRA adapter."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    set_seed,
)

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import is_out_of_memory
from ftwidgets.training.chat_template import choose_pad_token, set_chat_template
from ftwidgets.training.device import compute_dtype, device
from ftwidgets.training.job import Context
from ftwidgets.training.vocabulary import keep_to_rows


def model_path(model: str) -> str:
    """Where transformers finds a model: the folder of the built-in one for “demo”, else what was given."""
    if model == "demo":
        from ftwidgets.demo import model_folder

        return str(model_folder())
    return model


def bring(config: RunConfig, context: Context) -> None:
    """Have the model's files on this machine and look at them, before anything heavy is loaded.

    Raises:
        FtwidgetsError: It cannot be had, or cannot be trained; the message says why and the way out.
    """
    from ftwidgets.models import adapter_error, card
    from ftwidgets.models.hub import Asked, DownloadCancelledError, download
    from ftwidgets.models.sources import ModelNotFoundError, is_hub_id

    try:
        found = card(config.model, config.revision)
    except ModelNotFoundError:
        if not is_hub_id(config.model):
            raise
        found = None
    if found is None or found.to_download:
        context.progress("downloading", text=config.model)
        with contextlib.suppress(DownloadCancelledError):
            download(
                config.model,
                config.revision,
                progress=lambda done, total: context.progress("downloading", done, total, config.model),
                cancel=Asked(lambda: context.stop_requested),
            )
        context.progress("reading data", text="the model's files")  # ends it, where it was asked to stop
        found = card(config.model, config.revision)
    for problem in found.problems:
        allowed = (config.trust_remote_code, not config.use_safetensors)
        if problem.blocking and not any(allowed):
            raise FtwidgetsError(f"model={config.model!r}: {problem.message} {problem.advice}")
    if wrong := adapter_error(config.adapter, config.model, config.revision):
        raise FtwidgetsError(f"adapter={config.adapter!r}: {wrong}")
    beyond = found.beyond_context(config.method, config.max_length)
    for concern in [*found.concerns(config.method), *([beyond] if beyond else [])]:
        context.emit("note", level="warning", text=concern)
    if found.chat_template is None and not config.chat_template and config.method != "pretrain":
        context.emit(
            "note",
            level="warning",
            text=f"{config.model} has no chat template, so conversations are written with the “plain” one. Use the "
            "same template when you use the adapter, or choose another: chat_template.",
        )


def load_tokenizer(config: RunConfig) -> Any:
    """The tokenizer, with a padding token and a chat template, without added tokens that the model has no row for.

    Raises:
        FtwidgetsError: There is no tokenizer, or the chat template cannot be used.
    """
    path = model_path(config.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            path, revision=config.revision, trust_remote_code=config.trust_remote_code
        )
        sizes = AutoConfig.from_pretrained(
            path, revision=config.revision, trust_remote_code=config.trust_remote_code
        ).get_text_config()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _cannot_load(config, "tokenizer", error) from error
    if sizes.vocab_size:
        keep_to_rows(tokenizer, sizes.vocab_size)
    choose_pad_token(tokenizer)
    set_chat_template(tokenizer, config.chat_template)
    return tokenizer


def load_base(config: RunConfig) -> Any:
    """The base model on the device, its linear layers in 4 bits when ``load_in_4bit``. Without an adapter.

    For ``method="reward"`` a sequence classifier with one output, its head in full precision.

    Raises:
        FtwidgetsError: The model cannot be loaded; says why and what to do.
    """
    dtype = compute_dtype(config.bnb_4bit_compute_dtype)
    scores = config.method == "reward"
    keywords: dict[str, Any] = {
        "revision": config.revision,
        "trust_remote_code": config.trust_remote_code,
        "use_safetensors": True if config.use_safetensors else None,
        "dtype": dtype,
        "device_map": {"": device()},
    }
    if config.load_in_4bit:
        keywords["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=config.bnb_4bit_quant_type,
            bnb_4bit_use_double_quant=config.bnb_4bit_use_double_quant,
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=["score", "lm_head"] if scores else None,
        )
    try:
        if scores:
            from trl.trainer.reward_trainer import suppress_seqcls_warning

            with suppress_seqcls_warning():  # the head is new: that is the point
                model = AutoModelForSequenceClassification.from_pretrained(
                    model_path(config.model), num_labels=1, **keywords
                )
        else:
            model = AutoModelForCausalLM.from_pretrained(model_path(config.model), **keywords)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _cannot_load(config, "model", error) from error
    _keep_gradients(model)
    return model


def _keep_gradients(model: Any) -> None:
    """On CPUs with AVX512-BF16 bitsandbytes repacks a 4-bit weight at its first forward in eval mode, for good. The
    repacked product has no gradient: after an evaluation or a sample, training would go wrong without a word."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def add_adapter(model: Any, config: RunConfig) -> PeftModel:
    """``model`` with the LoRA adapter ``default``: new, or the one in ``config.adapter`` to go on from.

    The base is left as loaded: casting its norms and embeddings to float32 would cost memory and gain nothing.

    Raises:
        FtwidgetsError: The adapter in ``config.adapter`` does not fit this base.
    """
    if config.adapter:
        try:
            continued = PeftModel.from_pretrained(model, config.adapter, is_trainable=True)
            _all_there(continued, Path(config.adapter).expanduser())
            return continued
        except Exception as error:
            raise FtwidgetsError(
                f"adapter={config.adapter!r}: it cannot be put on {config.model}: {error}. "
                "Give an adapter that was trained on this base, or leave adapter empty to start a new one."
            ) from error
    set_seed(config.seed)  # so that the adapter starts the same in every run of one seed
    targets: Any = config.target_modules
    if targets != "all-linear":
        targets = [name.strip() for name in targets.split(",") if name.strip()]
    scores = config.method == "reward"
    try:
        return get_peft_model(
            model,
            LoraConfig(
                r=config.r,
                lora_alpha=config.lora_alpha,
                lora_dropout=config.lora_dropout,
                target_modules=targets,
                use_rslora=config.use_rslora,
                task_type="SEQ_CLS" if scores else "CAUSAL_LM",
                modules_to_save=["score"] if scores else None,
            ),
        )
    except ValueError as error:
        names = sorted({n.rsplit(".", 1)[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)})
        raise FtwidgetsError(
            f"target_modules={config.target_modules!r}: no such layers in {config.model}. It has {', '.join(names)}."
        ) from error


def _all_there(model: PeftModel, folder: Path) -> None:
    """PEFT only warns of layers that one side has and the other has not. Raises ``ValueError``."""
    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        return
    with safe_open(file, "pt") as weights:
        stored = {name for name in weights.keys() if "lora_" in name}  # noqa: SIM118 - it is no dictionary
    here = {name for name in get_peft_model_state_dict(model) if "lora_" in name}
    if stored != here:
        raise ValueError(
            f"{len(here - stored)} of the layers it should change are not in it, and {len(stored - here)} of those in "
            "it are not in the model"
        )


def load_trained(model: Any, folder: Path) -> PeftModel:
    """``model`` with the adapter that a run saved in ``folder``, ready to answer."""
    return PeftModel.from_pretrained(model, str(folder)).eval()


def _cannot_load(config: RunConfig, what: str, error: Exception) -> FtwidgetsError:
    text = str(error).strip().split("\n\n")[0]
    if "safetensors" in text and config.use_safetensors and ("bin" in text or "no file named" in text):
        advice = (
            "It may hold pickle weights only, which can run code when opened: convert them to safetensors, "
            "or set use_safetensors=False if you trust where they come from."
        )
    elif "remote" in text and "code" in text:
        advice = "It brings Python code of its own: set trust_remote_code=True only if you trust its authors."
    elif "gated" in text.lower() or "401" in text or "403" in text:
        advice = "Accept its licence on the hub and log in with `hf auth login`."
    else:
        advice = "Check the path or id; a folder needs config.json, safetensors weights and tokenizer files."
    return FtwidgetsError(f"model={config.model!r}: the {what} cannot be loaded: {text} {advice}")

"""Merging an adapter into its base in 16 bits, and checking that the merged model says what base and adapter said.

The base is loaded as it was published, never from its 4-bit form: merging into that would keep its rounding for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
import xxhash
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.device import release
from ftwidgets.training.generation import render
from ftwidgets.training.loading import load_base, load_trained, model_path
from ftwidgets.training.quiet import Progress

# Mean difference of log-probabilities, in nats a token, that is always allowed between base + adapter and merged model.
FLOOR = {torch.bfloat16: 0.05, torch.float16: 0.01}
LONGEST = 256  # tokens read of each text that is compared
Text = tuple[str, str]  # a prompt and an answer


@dataclass(frozen=True)
class Agreement:
    """How far two models agree on some texts, over ``tokens`` tokens (for a reward model: over texts).

    Attributes:
        mean, largest: Absolute difference of log-probabilities, in nats a token (of scores, for a reward model).
        same_top: Share of the places where both find the same token likeliest.
        peak: Mean size of the largest logit (of the score), which 16-bit rounding is proportional to.
    """

    mean: float
    largest: float
    same_top: float
    peak: float
    tokens: int


@dataclass(frozen=True)
class Merged:
    """What merging found.

    Attributes:
        dtype: Number format of the merged weights.
        adapter: The merged model as read back from disk against unquantised base + adapter.
        tolerance: What ``adapter.mean`` was held against.
        effect: Base without adapter against base + adapter: what training changed.
        trained: The merged model against the 4-bit model that was trained; ``None`` for a run without 4 bits.
    """

    dtype: str
    adapter: Agreement
    tolerance: float
    effect: Agreement
    trained: Agreement | None


class MergeError(FtwidgetsError):
    """An adapter could not be merged, or the merged model is not what it should be."""


def merge(
    config: RunConfig, adapter: Path, folder: Path, texts: Sequence[Text], parameters: int, progress: Progress
) -> Merged:
    """Write base + adapter as one 16-bit model with its tokenizer to ``folder``, and check what was written.

    Args:
        adapter: A run's adapter folder, with its tokenizer.
        texts: Prompts and answers on which the models are compared.
        parameters: Of the base; decides whether it fits, and where it is put.

    Raises:
        MergeError: It does not fit in memory, the adapter does not fit the base, or the merged model differs.
    """
    device = _place(parameters)
    tokenizer = AutoTokenizer.from_pretrained(adapter)
    inputs = [_ids(tokenizer, text, config.method != "pretrain") for text in texts]
    try:
        progress("loading model", text="the base in 16 bits")
        base = _load(model_path(config.model), config, device)
        dtype = base.dtype
        model = _with_adapter(base, adapter, config)
        progress("comparing", 0, 3, "base with adapter")
        with model.disable_adapter():
            without = _outputs(model, inputs)
        wanted = _outputs(model, inputs)
        progress("merging", 1, 3)
        try:
            model = model.merge_and_unload(safe_merge=True)
        except ValueError as error:  # weights that are no numbers
            raise MergeError(f"{adapter}: it cannot be merged: {error} The adapter is damaged.") from error
        progress("saving", 1, 3)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        merged = _sums(model)
        del base, model
        release()
        progress("comparing", 2, 3, "the merged model, as read back")
        model = _load(str(folder), config, device)
        if _sums(model) != merged:
            raise MergeError("The weights on disk are not those that were merged: the disk may be failing.")
        got = _outputs(model, inputs)
        del model
        release()
        found = agreement(wanted, got)
        tolerance = allowed(found, dtype)
        if not found.mean <= tolerance:  # also when it is not a number
            raise MergeError(
                f"The merged model differs from base and adapter by {found.mean:.3g} nats a token on average, more "
                f"than the {tolerance:.2g} that rounding to {_name(dtype)} explains. It was not kept; take the adapter."
            )
        trained = None
        if config.load_in_4bit:
            progress("comparing", 3, 3, "the 4-bit model that was trained")
            model = load_trained(load_base(config), adapter)
            trained = agreement(_outputs(model, inputs), got)
            del model
        return Merged(_name(dtype), found, tolerance, agreement(without, wanted), trained)
    except (torch.cuda.OutOfMemoryError, MemoryError):
        raise MergeError(
            f"Memory ran out while merging {parameters / 1e9:.2f} billion parameters. Close other programs, or free "
            "the trained model first: run.free()."
        ) from None
    finally:
        release()


def agreement(one: Sequence[Any], other: Sequence[Any]) -> Agreement:
    """Compare two lists of outputs as ``_outputs`` gives them."""
    difference = torch.cat([(a[0] - b[0]).abs() for a, b in zip(one, other, strict=True)])
    same = torch.cat([(a[1] == b[1]).float() for a, b in zip(one, other, strict=True)])
    peak = torch.cat([a[2] for a in one]).mean().item()
    return Agreement(difference.mean().item(), difference.max().item(), same.mean().item(), peak, len(difference))


def allowed(found: Agreement, dtype: torch.dtype) -> float:
    """The mean difference that rounding to 16 bits explains, in nats a token.

    A logit z computed in 16 bits is off by up to z ε/2, ε the spacing of the format's numbers at 1, and so is the one
    it is compared with.
    """
    return max(FLOOR[dtype], torch.finfo(dtype).eps * found.peak)


def compare_gguf(folder: Path, file: Path, texts: Sequence[Text], chat: bool) -> Agreement | None:
    """The model in ``folder`` against its GGUF ``file``, both on the CPU; None where transformers cannot read that one.

    Raises:
        Exception: As transformers raises for a file that is damaged.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = [_ids(tokenizer, text, chat) for text in texts]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    wanted = _outputs(model, inputs)
    del model
    release()
    try:
        model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.bfloat16).eval()
    except (ImportError, NotImplementedError, ValueError) as error:
        if "gguf" in str(error).lower() and "support" in str(error).lower():
            return None
        raise
    return agreement(wanted, _outputs(model, inputs))


def _place(parameters: int) -> torch.device:
    """Where the 16-bit model fits, with a little for what runs through it: CUDA if free there, else memory."""
    needed = 2.4 * parameters + 0.5e9
    if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > needed:
        return torch.device("cuda", torch.cuda.current_device())
    free = psutil.virtual_memory().available
    if free < needed:
        raise MergeError(
            f"Merging needs about {needed / 1e9:.1f} GB of memory for {parameters / 1e9:.2f} billion parameters in 16 "
            f"bits, and {free / 1e9:.1f} GB are free. Close other programs, free the trained model (run.free()), or "
            "take the adapter: it needs no merging."
        )
    return torch.device("cpu")


def _load(path: str, config: RunConfig, device: torch.device) -> Any:
    """A model in 16 bits: in its own format where that has 16, else in bfloat16."""
    scores = config.method == "reward"
    keywords: dict[str, Any] = {
        "revision": config.revision if path == config.model else None,
        "trust_remote_code": config.trust_remote_code,
        "use_safetensors": True if config.use_safetensors else None,
        "device_map": {"": device},
        "dtype": "auto",
    }
    kind = AutoModelForSequenceClassification if scores else AutoModelForCausalLM
    if scores:
        keywords["num_labels"] = 1
    try:
        model = kind.from_pretrained(path, **keywords)
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:
        raise MergeError(f"model={config.model!r}: its 16-bit weights cannot be loaded: {error}") from error
    if getattr(model, "is_quantized", False):
        raise MergeError(f"model={config.model!r} is published quantised: there are no 16-bit weights to merge into.")
    return (model if model.dtype in FLOOR else model.to(torch.bfloat16)).eval()


def _with_adapter(base: Any, adapter: Path, config: RunConfig) -> PeftModel:
    try:
        return load_trained(base, adapter)
    except Exception as error:
        raise MergeError(
            f"{adapter}: it cannot be put on {config.model}: {error}. It belongs to another base, or is damaged."
        ) from error


def _sums(model: Any) -> dict[str, int]:
    """A checksum of each tensor, so that two models can be compared without holding both."""
    return {
        name: xxhash.xxh3_64_intdigest(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
        for name, tensor in model.state_dict().items()
    }


def _ids(tokenizer: Any, text: Text, chat: bool) -> torch.Tensor:
    """Token ids (1, tokens) of a prompt and its answer, as the model reads them."""
    whole = render(tokenizer, text[0], chat) + text[1]
    read = tokenizer(whole, return_tensors="pt", add_special_tokens=not chat, truncation=True, max_length=LONGEST)
    return read["input_ids"]


def _outputs(model: Any, inputs: Sequence[torch.Tensor]) -> list[tuple[torch.Tensor, ...]]:
    """For each text, log p of each token given those before, the likeliest token there, and the size of the largest
    logit; float32 on the CPU.

    A model that scores gives its score, its sign and its size.
    """
    found = []
    with torch.no_grad():
        for ids in inputs:
            ids = ids.to(model.device)
            logits = model(input_ids=ids).logits.float()
            if logits.ndim == 2:
                found.append((logits[0].cpu(), logits[0].sign().cpu(), logits[0].abs().cpu()))
                continue
            logits = logits[0, :-1]
            picked = logits.log_softmax(-1).gather(-1, ids[0, 1:, None]).squeeze(-1)
            found.append((picked.cpu(), logits.argmax(-1).cpu(), logits.abs().amax(-1).cpu()))
    return found


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")

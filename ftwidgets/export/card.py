"""The model card: what was trained on what, how it went, and how to use it. Every text in it is shown as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ftwidgets.config import METHODS, OPTIONS
from ftwidgets.export.markdown import block, code, plain, table
from ftwidgets.export.writing import ExportError
from ftwidgets.models import ModelNotFoundError, card
from ftwidgets.models.model_card import front_matter
from ftwidgets.runs import Run
from ftwidgets.runs.story import story

PICTURE = "curves.png"
PROBES = 12  # shown at most
_PLACES = ("model", "adapter", "dataset", "eval_dataset", "reward", "chat_template")
_OURS = ("output_dir", "run_name", "report_to")  # of this machine, not of the model
Draw = Callable[[Run], bytes]  # the run's curves as a PNG


def write_card(run: Run, folder: Path, kind: str, draw: Draw | None = None, checked: tuple[str, ...] = ()) -> None:
    """Write ``README.md`` and the picture of the curves into ``folder``, and read them back.

    Args:
        kind: What the card describes: ``adapter`` or ``merged``.
        checked: What was found when the export was checked, a sentence each.

    Raises:
        ExportError: What was written does not read back.
    """
    picture = draw(run) if draw is not None and len(run.store) else b""
    if picture:
        (folder / PICTURE).write_bytes(picture)
    text = card_text(run, kind, bool(picture), checked)
    (folder / "README.md").write_text(text, encoding="utf-8")
    if front_matter(folder) != header(run, kind):
        raise ExportError("The model card's header does not read back as it was written.")


def header(run: Run, kind: str) -> dict[str, Any]:
    """The YAML at the head of a card, in the hub's vocabulary. Names of folders on this machine stay out of it."""
    config = run.config
    found: dict[str, Any] = {
        "library_name": "peft" if kind == "adapter" else "transformers",
        "pipeline_tag": "text-classification" if config.method == "reward" else "text-generation",
        "tags": ["ftwidgets", config.method, "trl", "qlora" if config.load_in_4bit else "lora"],
    }
    if _on_hub(config.model):
        found |= {"base_model": config.model, "base_model_relation": "adapter" if kind == "adapter" else "finetune"}
    if _on_hub(config.dataset):
        found["datasets"] = [config.dataset]
    licence = base_licence(run)
    if licence:
        found["license"] = licence
    return found


def card_text(run: Run, kind: str, picture: bool, checked: tuple[str, ...] = ()) -> str:
    """The whole card as Markdown."""
    method = METHODS[run.config.method]
    parts = [
        "---\n" + yaml.safe_dump(header(run, kind), sort_keys=False, allow_unicode=True) + "---",
        f"# {plain(run.name)}",
        f"{_named(run.config.model)}, fine-tuned with {plain(method.title)} ({plain(method.paper)}) on "
        f"{_named(run.config.dataset)}.",
        "## Use\n\n" + _use(run, kind),
        "## What training changed\n\n" + ("\n".join(f"- {plain(line)}" for line in story(run)) or "The run goes on."),
    ]
    if picture:
        parts.append(f"![Loss and other curves of the run]({PICTURE})")
    if probes := _probes(run):
        parts.append("## Answers before and after\n\n" + probes)
    if checked:
        parts.append("## Checked\n\n" + "\n".join(f"- {plain(line)}" for line in checked))
    settings = shown_config(run)
    settings_table = table(["option", "value", "meaning"], ((n, v, OPTIONS[n].help) for n, v in settings.items()))
    parts += [
        "## Training\n\n" + "\n".join(f"- {plain(line)}" for line in _data(run)) + "\n\n" + settings_table,
        "All options:\n\n" + block(_whole_config(run), "yaml"),
        "## Versions\n\n" + table(["package", "version"], [(n, v) for n, v in _versions(run).items() if v]),
        "Made with ftwidgets. Read the base model's card for its limits: they hold here too.",
    ]
    return "\n\n".join(parts) + "\n"


def shown_config(run: Run) -> dict[str, Any]:
    """The options that differ from the method's own values, without places on this machine."""
    return {name: place(value) if name in _PLACES else value for name, value in _public(run.config.changed()).items()}


def place(value: Any) -> Any:
    """A folder or file by its name alone: where it lies on this machine is nobody's business. Hub ids stay."""
    if not isinstance(value, str) or _on_hub(value) or value in ("demo", ""):
        return value
    return Path(value).name or value


def base_licence(run: Run) -> str | None:
    """The licence of the base, which what was made from it has to keep; None where its files do not say."""
    try:
        return card(run.config.model, run.config.revision).licence
    except (ModelNotFoundError, OSError, ValueError):
        return None


def _on_hub(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~", "\\")) and not Path(name).exists()


def _named(name: str) -> str:
    return code(place(name)) + (" (built into ftwidgets)" if name == "demo" else "")


def _public(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _OURS and value is not None}


def _whole_config(run: Run) -> str:
    values = {n: place(v) if n in _PLACES else v for n, v in _public(run.config.to_dict()).items()}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _use(run: Run, kind: str) -> str:
    if run.config.method == "reward":
        return "It scores a conversation: a sequence classifier with one output, higher is better."
    demo = run.config.model == "demo"
    base = "model_folder()" if demo else repr(place(run.config.model))
    lines = ["from transformers import AutoModelForCausalLM, AutoTokenizer", ""]
    here = '"PATH_OR_ID_OF_THIS_REPOSITORY"'
    if kind == "adapter":
        lines = [*(["from ftwidgets.demo import model_folder"] if demo else []), "from peft import PeftModel", *lines]
        lines += [
            f"base = AutoModelForCausalLM.from_pretrained({base}, dtype='auto', device_map='auto')",
            f"model = PeftModel.from_pretrained(base, {here})",
        ]
    else:
        lines.append(f"model = AutoModelForCausalLM.from_pretrained({here}, dtype='auto', device_map='auto')")
    lines.append(f"tokenizer = AutoTokenizer.from_pretrained({here})")
    if run.config.method == "pretrain":
        lines.append('ids = tokenizer("Once upon a time", return_tensors="pt").to(model.device)')
    else:
        lines += [
            'messages = [{"role": "user", "content": "Hello?"}]',
            "ids = tokenizer.apply_chat_template(",
            '    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True',
            ").to(model.device)",
        ]
    lines.append("print(tokenizer.decode(model.generate(**ids, max_new_tokens=64)[0]))")
    return block("\n".join(lines), "python")


def _probes(run: Run) -> str:
    events = run.events.of("samples")
    if not events:
        return ""
    first, last = events[0], events[-1]
    if first["step"] == last["step"]:
        heads, sides = ["prompt", f"at step {last['step']}"], [last]
    else:
        heads, sides = ["prompt", "before", f"after step {last['step']}"], [first, last]
    rows = zip(first["prompt"], *(side["completion"] for side in sides), strict=False)
    return table(heads, list(rows)[:PROBES])


def _data(run: Run) -> list[str]:
    config = run.config
    split = "" if config.dataset_train_split == "train" else f", split {config.dataset_train_split}"
    lines = [f"Data: {place(config.dataset)}{split}."]
    if config.eval_dataset:
        lines.append(f"Held out: {place(config.eval_dataset)}.")
    elif config.dataset != "demo" and config.test_size:
        lines.append(f"Held out: {config.test_size:.0%} of the rows, none of whose prompts are in training.")
    rows = config.per_device_train_batch_size * config.gradient_accumulation_steps
    lines.append(f"{rows} rows a step.")
    bits = f"4 bits ({config.bnb_4bit_quant_type})" if config.load_in_4bit else "full width"
    lines.append(f"The base was held in {bits} while a LoRA adapter of rank {config.r} learnt.")
    devices = run.events.of("device")
    if devices:
        on_cpu = devices[-1].get("device") == "cpu"
        lines.append("Trained on a CPU." if on_cpu else f"Trained on {devices[-1].get('name')}.")
    return lines


def _versions(run: Run) -> dict[str, Any]:
    """Versions the run was made with, not those of today."""
    try:
        found = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found.pop("system", None)
    return found if isinstance(found, dict) else {}

"""A script that repeats a run with TRL alone: for papers, for colleagues without ftwidgets, and to check us."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

from ftwidgets.config.changes import changed_text
from ftwidgets.export.card import place
from ftwidgets.export.writing import ExportError, whole
from ftwidgets.runs import Run
from ftwidgets.training.quiet import Progress

WHY_NOT = {
    "orpo": "TRL's stable trainers have no ORPO. Its experimental one takes the likelihood over the prompt too, so the "
    "losses would be others.",
    "simpo": "TRL's stable trainers have no SimPO. The experimental one (CPO) puts its batches together differently.",
    "ppo": "TRL's PPO is experimental and keeps policy, reference, value and reward as four models: it is not the same "
    "computation.",
    "reward": "Pairs are put together here as PPO reads them, which TRL's trainer does not do by itself.",
}
PACKAGES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers")

_HEAD = """\
# Repeats a run with TRL alone: {title}
# Install what requirements.txt names, then: python train.py
# Writes out/adapter (PEFT) and out/log_history.json (losses and everything else that was logged).
import json
{imports}from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
{sampler_import}from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, set_seed
from trl import {trainer}Config, {trainer}Trainer

HERE = Path(__file__).resolve().parent
MODEL = {model}
CUDA = torch.cuda.is_available()
DTYPE = {dtype}


def rows(name):
    path = HERE / name
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        return Dataset.from_list([json.loads(line) for line in file])

"""
_MAIN = """
tokenizer = AutoTokenizer.from_pretrained(HERE / "tokenizer")
base = AutoModelForCausalLM.from_pretrained(
    MODEL,
{loading}    dtype=DTYPE,
    device_map={{"": 0 if CUDA else "cpu"}},
)
for module in base.modules():  # bitsandbytes, on some CPUs: a weight repacked by an evaluation has no gradient any more
    if hasattr(module, "support_avx512bf16_for_cpu"):
        module.support_avx512bf16_for_cpu = False
{adapter}
arguments = {trainer}Config(
    output_dir=str(HERE / "out"),
    save_strategy="no",
    report_to="none",
    optim={optim},
    bf16=CUDA and DTYPE == torch.bfloat16,
    fp16=CUDA and DTYPE == torch.float16,
    use_cpu=not CUDA,
    dataloader_pin_memory=CUDA,
{arguments})
trainer = {class_name}(
    model=model,
    args=arguments,
    train_dataset=rows("train.jsonl"),
    eval_dataset=rows("held_out.jsonl"),
    processing_class=tokenizer,
)
if trainer.eval_dataset is not None:
    trainer.evaluate()
trainer.train()
if trainer.eval_dataset is not None:
    trainer.evaluate()
(HERE / "out").mkdir(exist_ok=True)
trainer.save_model(str(HERE / "out" / "adapter"))
(HERE / "out" / "log_history.json").write_text(json.dumps(trainer.state.log_history, indent=1))
"""
_ORDER = '''
GROUP = {group}  # batches that are sorted by length together


{sampler}

class {trainer}TrainerByLength({trainer}Trainer):
    """Takes pairs of like length together, as the run did."""

    def _get_train_sampler(self, train_dataset=None):
        lengths = [
            min(len(r["prompt_ids"]) + max(len(r["chosen_ids"]), len(r["rejected_ids"])), self.args.max_length)
            for r in self.train_dataset
        ]
        return LengthSampler(lengths, self.args.per_device_train_batch_size, self.args.seed)

'''


def export_script(run: Run, target: str | Path, progress: Progress) -> tuple[Path, tuple[str, ...]]:
    """Write a folder with ``train.py``, its rows and its tokenizer. Returns where, and what was checked.

    Raises:
        ExportError: TRL's stable trainers cannot repeat this method, or the data cannot be read any more.
    """
    if run.config.method in WHY_NOT:
        raise ExportError(f"{run.config.method}: no plain-TRL script repeats it. {WHY_NOT[run.config.method]}")
    with whole(target, 50e6) as part:
        from ftwidgets.training.plain_trl import plain

        found = plain(run.config, left_out(run), progress)
        progress("saving")
        part.mkdir()
        written = {"train.jsonl": found.train, "held_out.jsonl": found.held_out}
        for name, data in written.items():
            if data is not None:
                with (part / name).open("w", encoding="utf-8") as file:
                    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in data)
        found.tokenizer.save_pretrained(part / "tokenizer")
        model = repr(_model(run, part))
        text = script(run, found.trainer, found.arguments, model, shares_prompts(run))
        ast.parse(text)
        (part / "train.py").write_text(text, encoding="utf-8")
        (part / "requirements.txt").write_text(_requirements(run), encoding="utf-8")
        for name, data in written.items():
            if data is not None and not _same(part / name, data):
                raise ExportError(f"{name} does not read back as it was written: the disk may be failing.")
        checked = (
            f"Read back: {len(found.train)} rows to train on"
            + (f", {len(found.held_out)} held out" if found.held_out is not None else "")
            + ", and train.py is sound Python. Run it to compare the losses.",
            *_not_from_the_start(run),
        )
    return Path(target).expanduser().absolute(), checked


def _not_from_the_start(run: Run) -> list[str]:
    """Settings that the run took up on its way, which the script has from the start."""
    return [
        f"The run had other settings before step {event['step']} ({changed_text(event['changes'])}): the script has "
        "the later ones from the start, so its first losses may differ."
        for event in run.events.of("resumed")
        if event.get("changes")
    ]


def left_out(run: Run) -> set[int]:
    """Rows that the trainer set aside, as its notes tell: TRL alone would stumble over them."""
    told = [n for n in run.notes if "rows" in n and "train rows are left out" in n.get("text", "")]
    return {int(row) for note in told for row in note["rows"]}


def shares_prompts(run: Run) -> bool:
    """Whether the run laid pairs out as shared rows, which also decides the order it took them in."""
    return any(str(note.get("text", "")).startswith("Prefix sharing on") for note in run.notes)


def script(run: Run, trainer: str, arguments: dict[str, Any], model: str, shared: bool) -> str:
    """The text of ``train.py``. ``model`` and every value in it are Python literals or expressions of the script's."""
    config = run.config
    by_length = trainer == "DPO" and not shared
    lines = "".join(f"    {name}={value!r},\n" for name, value in arguments.items() if value is not None)
    auto = "torch.float16 if CUDA and not torch.cuda.is_bf16_supported(including_emulation=False) else torch.bfloat16"
    dtype = config.bnb_4bit_compute_dtype
    order = ""
    if by_length:
        import inspect

        from ftwidgets.training.pairwise import sampler

        order = _ORDER.format(group=sampler.GROUP, sampler=inspect.getsource(sampler.LengthSampler), trainer=trainer)
    head = _HEAD.format(
        title=" ".join(f"{run.name}, {config.method} of {place(config.model)} on {place(config.dataset)}".split()),
        imports="from collections.abc import Iterator, Sequence\n" if by_length else "",
        sampler_import="from torch.utils.data import Sampler\n" if by_length else "",
        trainer=trainer,
        model=model,
        dtype=auto if dtype == "auto" else f"torch.{dtype}",
    )
    main = _MAIN.format(
        loading=_loading(run),
        adapter=_adapter(run),
        trainer=trainer,
        optim='"paged_adamw_8bit" if CUDA else "adamw_torch"' if config.optim == "auto" else repr(config.optim),
        arguments=lines,
        class_name=f"{trainer}TrainerByLength" if by_length else f"{trainer}Trainer",
    )
    return (head + order + main).replace("\n\n\n\n", "\n\n\n")


def _loading(run: Run) -> str:
    config = run.config
    lines = []
    if config.revision:
        lines.append(f"revision={config.revision!r},")
    if config.trust_remote_code:
        lines.append("trust_remote_code=True,")
    if config.use_safetensors:
        lines.append("use_safetensors=True,")
    if config.load_in_4bit:
        lines += [
            "quantization_config=BitsAndBytesConfig(",
            "    load_in_4bit=True,",
            f"    bnb_4bit_quant_type={config.bnb_4bit_quant_type!r},",
            f"    bnb_4bit_use_double_quant={config.bnb_4bit_use_double_quant!r},",
            "    bnb_4bit_compute_dtype=DTYPE,",
            "),",
        ]
    return "".join(f"    {line}\n" for line in lines)


def _adapter(run: Run) -> str:
    config = run.config
    if config.adapter:
        path = str(Path(config.adapter).expanduser().absolute())
        return f"model = PeftModel.from_pretrained(base, {path!r}, is_trainable=True)"
    targets: Any = config.target_modules
    if targets != "all-linear":
        targets = [name.strip() for name in targets.split(",") if name.strip()]
    return (
        f"set_seed({config.seed})  # so that the adapter starts the same\n"
        "model = get_peft_model(\n"
        "    base,\n"
        "    LoraConfig(\n"
        f"        r={config.r},\n"
        f"        lora_alpha={config.lora_alpha},\n"
        f"        lora_dropout={config.lora_dropout},\n"
        f"        target_modules={targets!r},\n"
        f"        use_rslora={config.use_rslora},\n"
        '        task_type="CAUSAL_LM",\n'
        "    ),\n"
        ")"
    )


class _Here:
    """``HERE / name`` in the script."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"str(HERE / {self.name!r})"


def _model(run: Run, part: Path) -> Any:
    """The base as the script names it; the built-in one goes along, since nobody else has it."""
    if run.config.model == "demo":
        from ftwidgets.demo import model_folder

        shutil.copytree(model_folder(), part / "model")
        return _Here("model")
    folder = Path(run.config.model).expanduser()
    return str(folder.absolute()) if folder.is_dir() else run.config.model


def _requirements(run: Run) -> str:
    try:
        found = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    # A local build's label (torch 2.13.0+cpu) is on no index.
    return "".join(f"{n}=={str(found[n]).partition('+')[0]}\n" if found.get(n) else f"{n}\n" for n in PACKAGES)


def _same(path: Path, data: Any) -> bool:
    with path.open(encoding="utf-8") as file:
        return all(json.loads(line) == row for line, row in zip(file, data, strict=True))

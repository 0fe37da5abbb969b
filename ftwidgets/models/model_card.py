"""A model's card: what it is, told from its small files and the headers of its weights."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ftwidgets.models.architecture import Architecture, Linear
from ftwidgets.models.kind import Kind, base_or_instruct
from ftwidgets.models.problems import (
    Problem,
    about_experts,
    about_family,
    about_tokenizer,
    about_weights,
    no_config,
)
from ftwidgets.models.sources import DEMO, Model, is_hub_id, locate
from ftwidgets.models.tokenizer_files import read_json, read_tokenizer
from ftwidgets.models.weight_files import Weights, WeightsError, read_weights


@dataclass(frozen=True)
class ModelCard:
    """What a model is. Fields are None where its files do not say."""

    name: str
    folder: Path
    problems: tuple[Problem, ...] = ()
    architecture: Architecture | None = None
    class_name: str | None = None  # such as LlamaForCausalLM
    parameters: int | None = None  # exact where there are weights
    bytes: int | None = None  # of the weights
    precision: str | None = None  # on disk
    licence: str | None = None
    kind: Kind = field(default_factory=lambda: Kind("unknown", "", ()))
    chat_template: str | None = None
    marks_generation: bool = False
    tokenizer_size: int | None = None
    linears: tuple[Linear, ...] = ()  # what an adapter can change

    @property
    def to_download(self) -> bool:
        """Whether it is a hub model of which only a part is on this machine: a run brings the rest."""
        return is_hub_id(self.name) and any(problem.missing for problem in self.problems)

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """Why no run can start with it. What a download brings is no reason."""
        return tuple(p for p in self.problems if p.blocking and not (p.missing and self.to_download))

    @property
    def usable(self) -> bool:
        """Whether a run can start with it."""
        return not self.blocking

    @property
    def target_modules(self) -> tuple[str, ...]:
        """Names of the layers that target_modules="all-linear" gives an adapter."""
        return tuple(dict.fromkeys(linear.name for linear in self.linears))

    def concerns(self, method: str) -> list[str]:
        """What to think of before training this kind of model with a method."""
        said = []
        if method == "pretrain" and self.kind.name == "instruct":
            said.append(
                "Continued pre-training makes an instruct model forget its manners, and how to follow instructions "
                "(arXiv 2410.10739): start from the base model, or watch the forgetting curve."
            )
        if method in ("dpo", "simpo", "ppo") and self.kind.name == "base":
            said.append("A base model does not answer yet: do SFT first, or use ORPO, which does both.")
        return said

    def beyond_context(self, method: str, max_length: int) -> str:
        """What rows of up to ``max_length`` tokens mean for a model of a shorter context; empty where it is not."""
        context = self.architecture.context if self.architecture is not None else None
        if not context or max_length <= context or method == "ppo":  # PPO leaves out prompts that are too long
            return ""
        return (
            f"max_length={max_length:,} is beyond the {context:,} tokens that the model reads at once: longer rows are "
            f"read badly or end the run. Give {context:,} or less."
        )

    def facts(self) -> list[tuple[str, str]]:
        """Label and value of each known fact, in the order of weight."""
        a = self.architecture
        rows: list[tuple[str, Any]] = [
            ("Kind", str(self.kind) if self.kind.name != "unknown" else "not clear"),
            ("Parameters", f"{short(self.parameters)} ({self.parameters:,})" if self.parameters else None),
            ("Architecture", self.class_name),
            ("Layers", a and f"{a.layers} × {a.hidden:,} wide, MLP {a.mlp:,}"),
            ("Attention", a and f"{a.heads} heads, {a.kv_heads} of keys and values, {a.head_dim} wide"),
            ("Context", a and a.context and f"{a.context:,} tokens" + _window(a)),
            ("Vocabulary", a and f"{a.vocab:,}" + (", tied to the output" if a.tied else "")),
            ("On disk", self.bytes and f"{_size(self.bytes)}, {self.precision}"),
            ("Licence", self.licence or "not stated in its files"),
            ("Chat template", _template_words(self)),
            ("Adapter layers", ", ".join(self.target_modules) or None),
        ]
        return [(label, value) for label, value in rows if value]

    def lines(self) -> list[str]:
        """The card as text."""
        out = [self.name, *(f"{label}: {value}" for label, value in self.facts())]
        out += [f"  {e.speaks_for}: {e.text}" for e in self.kind.evidence]
        return out + [f"{'Cannot be used' if p.blocking else 'Note'}: {p}" for p in self.problems]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def card(model: str | Path | Model, revision: str | None = None) -> ModelCard:
    """Describe a model that is on this machine, without loading its weights.

    Args:
        model: ``"demo"``, a folder, a hub id that has been downloaded, or an item of ``find()``.
        revision: Branch, tag or commit of a hub model.

    Raises:
        ModelNotFoundError: It is not on this machine.
    """
    name = model.name if isinstance(model, Model) else str(model)
    folder = model.folder if isinstance(model, Model) and model.folder else locate(name, revision)
    config = read_json(folder / "config.json")
    if config is None:
        return ModelCard(name, folder, (no_config(folder),))
    tokenizer = read_tokenizer(folder)
    header = front_matter(folder)
    weights, broken = _weights(folder)
    architecture, unknown = _architecture(config)
    kind = base_or_instruct(
        _names(name, folder, config), config, read_json(folder / "generation_config.json") or {}, tokenizer, header
    )
    rows = weights.shape("embed_tokens.weight", "wte.weight", "word_embeddings.weight") if weights else None
    problems = [
        *about_family(config),
        *unknown,
        *(broken or about_weights(folder, weights)),
        *about_tokenizer(tokenizer, rows[0] if rows else architecture.vocab if architecture else None, kind.name),
        *about_experts(architecture.experts if architecture else 0),
    ]
    return ModelCard(
        name=name,
        folder=folder,
        problems=tuple(sorted(problems, key=lambda p: not p.blocking)),
        architecture=architecture,
        class_name=next(iter(config.get("architectures") or []), None),
        parameters=weights.parameters if weights else architecture.parameters() if architecture else None,
        bytes=weights.bytes if weights else None,
        precision=weights.precision if weights else config.get("dtype") or config.get("torch_dtype"),
        licence=_licence(name, folder, header),
        kind=kind,
        chat_template=tokenizer.chat_template,
        marks_generation=tokenizer.marks_generation,
        tokenizer_size=tokenizer.size,
        linears=weights.linears() if weights else architecture.linears() if architecture else (),
    )


def front_matter(folder: Path) -> dict[str, Any]:
    """The YAML header of a folder's README.md: licence, base model, tags."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    match = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    try:
        header = yaml.safe_load(match[1]) if match else None
    except yaml.YAMLError:
        return {}
    return header if isinstance(header, dict) else {}


def short(count: int) -> str:
    """A count of parameters as people say it: 268 M, 8.03 B."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)


def _weights(folder: Path) -> tuple[Weights | None, list[Problem]]:
    try:
        return read_weights(folder), []
    except WeightsError as error:
        text, _, advice = str(error).rpartition(". ")
        return None, [Problem(text + ".", advice, missing=error.missing)]


def _architecture(config: dict[str, Any]) -> tuple[Architecture | None, list[Problem]]:
    try:
        return Architecture.from_config(config), []
    except (KeyError, TypeError, ValueError) as error:
        missing = error.args[0] if isinstance(error, KeyError) else error
        return None, [Problem(f"config.json does not give {missing}.", "Choose a decoder-only language model.")]


def _names(name: str, folder: Path, config: dict[str, Any]) -> list[str]:
    if name == DEMO:
        return [folder.name]
    named = [name, str(config.get("_name_or_path") or "")]
    # A folder is known by its last two names; one in the cache is called by its commit.
    return [n if n.count("/") <= 1 else "/".join(Path(n).parts[-2:]) for n in named if n]


def _licence(name: str, folder: Path, header: dict[str, Any]) -> str | None:
    licence = header.get("license_name") or header.get("license")
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    if licence:
        return str(licence)
    file = next((f for f in sorted(folder.glob("LICEN[CS]E*")) if f.is_file()), None)
    return f"see {file.name}" if file else None


def _size(count: int) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def _window(a: Architecture) -> str:
    return f", most layers see {a.sliding_window:,}" if a.sliding_window and a.full_attention_layers else ""


def _template_words(found: ModelCard) -> str:
    if found.chat_template is None:
        return "none"
    return "present" + (", marks the assistant's tokens" if found.marks_generation else "")

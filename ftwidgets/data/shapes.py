"""The shapes that rows of training data come in, their roles, and what each can be used for."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {"sft": "chat", "dpo": "pairs", "orpo": "pairs", "simpo": "pairs", "reward": "pairs", "ppo": "prompts",
         "pretrain": "text"}  # fmt: skip
_KIND_WORDS = {"chat": "answers to learn", "pairs": "pairs of a better and a worse answer", "prompts": "prompts",
               "text": "plain text"}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One known shape: which roles its columns play, and which kinds of examples it gives without asking."""

    name: str
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    hint: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        return self.required + self.optional


SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(
            "alpaca",
            "Alpaca: instruction, input, output",
            ("instruction", "output"),
            ("input", "system", "history"),
            ("chat", "prompts"),
        ),
        Shape("prompt_completion", "Prompt and completion", ("prompt", "completion"), ("system",), ("chat", "prompts")),
        Shape(
            "messages",
            "Chat: a list of turns (OpenAI messages or ShareGPT conversations)",
            ("messages",),
            ("system",),
            ("chat", "prompts"),
        ),
        Shape("transcript", "Transcripts: “Human: ... Assistant: ...”", ("text",), (), ("chat", "prompts")),
        Shape(
            "preference",
            "Preference pairs: chosen and rejected, with a prompt or a beginning that both share",
            ("chosen", "rejected"),
            ("prompt", "system"),
            ("pairs", "chat", "prompts"),
        ),
        Shape(
            "transcript_pairs",
            "Preference pairs as transcripts: “Human: ... Assistant: ...” twice",
            ("chosen", "rejected"),
            (),
            ("pairs", "chat", "prompts"),
        ),
        Shape(
            "choice",
            "Two answers and which is better",
            ("first", "second", "winner"),
            ("prompt", "system"),
            ("pairs", "chat", "prompts"),
        ),
        Shape(
            "ranked",
            "Several answers with scores or ranks",
            ("prompt", "answers"),
            ("scores", "answer_field", "score_field", "system"),
            ("pairs", "chat", "prompts"),
        ),
        Shape(
            "labelled",
            "Answers marked good or bad (KTO)",
            ("completion", "label"),
            ("prompt", "system"),
            ("chat", "prompts"),
        ),
        Shape("text", "Plain text", ("text",), (), ("text",)),
        Shape("prompts", "Prompts alone", ("prompt",), ("system",), ("prompts",)),
    )
}


FITTING = "The rows fit as they are."


def kind_for(method: str) -> str:
    """The kind of canonical examples that a method learns from: chat, pairs, prompts or text."""
    return KINDS[method]


def nearest_way_out(
    shape: str | None, kinds: tuple[str, ...], method: str, rule: str = "best_worst"
) -> tuple[bool, str, str]:
    """``(usable, reason, way out)`` for data of a shape that gives these kinds, used for a method.

    ``rule`` is that of `Mapping`, by which scored answers become a pair.
    """
    kind = KINDS[method]
    wanted = _KIND_WORDS[kind]
    if shape is None:
        return False, "The shape of these rows was not recognised.", "Say by hand which column plays which role."
    title = SHAPES[shape].title
    if kind in kinds:
        return True, pairing_rule(shape, kinds, rule) if kind == "pairs" else _how(shape, kind), ""
    if kind == "text":
        return (
            False,
            f"{method} learns from {wanted}; these rows are of the shape “{title}”.",
            "Choose SFT, or set mapping “kind” to “text” to train on the turns written one under another.",
        )
    if shape == "text":
        if method == "sft":
            return False, "These rows are plain text without questions and answers.", "Choose continued pre-training."
        return False, f"{method} learns from {wanted}; these rows are plain text.", "Choose continued pre-training."
    if shape == "prompts":
        return False, f"{method} learns from {wanted}; these rows are prompts alone.", "Choose PPO with a reward."
    if shape == "labelled":
        return (
            False,
            "No prompt among the rows looked at has both a good and a bad answer, so no pairs can be made.",
            "Choose SFT on the good answers.",
        )
    return (
        False,
        f"{method} learns from {wanted}; these rows have one answer each.",
        "Choose SFT, or PPO with a reward on their prompts.",
    )


def _how(shape: str, kind: str) -> str:
    better = {
        "preference": "the chosen answers", "transcript_pairs": "the chosen answers", "choice": "the better answers",
        "ranked": "the best answers", "labelled": "the answers marked good",
    }  # fmt: skip
    if kind == "prompts":
        return "The prompts are used."
    if kind == "chat" and shape in better:
        return f"The prompts and {better[shape]} are used."
    return FITTING


def pairing_rule(shape: str, kinds: tuple[str, ...], rule: str) -> str:
    """How rows of a shape become pairs, in words."""
    if shape == "ranked":
        worse = "its worst" if rule == "best_worst" else "one of its lower ones, drawn at random"
        return f"The best answer of a row is paired with {worse}; rows where all are equal give no pair."
    if shape == "labelled" and "pairs" in kinds:
        return "Good and bad answers to the same prompt are paired in the order in which they come."
    return FITTING

"""The model's card as a panel: everything from files is text, never markup."""

from ftwidgets.models import Architecture, Evidence, Kind, ModelCard, Problem
from ftwidgets.widgets.model_card import ModelCardView

A = Architecture("llama", hidden=8, layers=2, heads=2, kv_heads=1, head_dim=4, mlp=12, vocab=20, context=64)


def view(card, method=""):
    shown = ModelCardView()
    shown.show(card, method)
    return shown._body.value


def test_key_facts_and_evidence(tmp_path):
    kind = Kind("instruct", "probably", (Evidence("it stops at <|im_end|>", 2), Evidence("plain", -1)))
    card = ModelCard("org/m", tmp_path, architecture=A, parameters=1234, precision="bfloat16", kind=kind)
    html = view(card)
    for text in ("probably instruct", "1.23 K parameters", "bfloat16", "64 tokens of context", "no chat template"):
        assert text in html
    assert "it stops at &lt;|im_end|&gt;" in html and "Why it looks like instruct" in html
    assert "cannot be trained" not in html


def test_problems_say_what_to_do(tmp_path):
    problems = (Problem("It is broken.", "Get another."), Problem("A note.", "Mind it.", blocking=False))
    html = view(ModelCard("m", tmp_path, problems))
    assert html.index("This model cannot be trained") < html.index("It is broken.") < html.index("A note.")
    assert "Get another." in html and 'role="alert"' in html


def test_concerns_depend_on_the_method(tmp_path):
    card = ModelCard("m", tmp_path, architecture=A, kind=Kind("instruct", "", ()))
    assert "forget its manners" in view(card, "pretrain") and "forget its manners" not in view(card, "sft")


def test_hostile_files_stay_text(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    kind = Kind("base", "", (Evidence(evil, -1),))
    card = ModelCard(
        f"org/{evil}", tmp_path / evil, (Problem(evil, evil),), A, evil, licence=evil, precision=evil, kind=kind
    )
    assert "<img" not in view(card, "dpo")


def test_nothing_chosen():
    assert "Choose a model" in view(None)

"""The model in Studio: one of the hub is looked at and brought, an adapter goes on, a base leaves choices."""

import json
import threading

import pytest

import ftwidgets
from ftwidgets.models import Model
from ftwidgets.studio import standing
from ftwidgets.widgets.hub_panel import BRING, HubPanel
from ftwidgets.widgets.model_choices import ModelChoices
from ftwidgets.widgets.model_panel import ModelPanel
from ftwidgets.widgets.press import CANCEL
from tests.models.conftest import make_model  # noqa: F401
from tests.models.test_adapters import make_adapter
from tests.patience import PATIENCE


def part(studio, kind):
    """The part of Studio of this class."""
    waiting = [studio]
    while waiting:
        widget = waiting.pop()
        if isinstance(widget, kind):
            return widget
        waiting += getattr(widget, "children", ())
    raise AssertionError(kind)


def wait_for(widget, trait, holds):
    """Wait until ``holds(value)`` of a trait."""
    seen = threading.Event()
    widget.observe(lambda change: seen.set() if holds(change.new) else None, trait)
    assert holds(getattr(widget, trait)) or seen.wait(PATIENCE), getattr(widget, trait)
    widget.unobserve_all(trait)


def said(widget):
    return " ".join(w.value for w in (widget._what, widget._said))


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def open_studio(**keywords):
        return ftwidgets.Studio(**({"method": "dpo", "output_dir": str(tmp_path / "runs")} | keywords))

    return open_studio


def test_a_hub_model_is_looked_at_then_brought_then_whole(demo_hub, opened):
    studio = opened(model="org/model")
    hub, panel, train = part(studio, HubPanel), part(studio, ModelPanel), studio._header.train
    wait_for(hub.layout, "display", lambda shown: shown != "none")
    assert "org/model is not on this machine" in said(hub) and not train.disabled and demo_hub.served == []
    assert studio._fit.verdict == ""
    hub.button.click()
    wait_for(hub.button, "description", lambda name: name == BRING)
    assert "model.safetensors" not in demo_hub.served
    assert panel.card.kind.name == "instruct" and panel.card.architecture is not None and panel.card.to_download
    wait_for(studio._fit._word, "value", lambda text: "fits" in text)
    demo_hub.held = "model.safetensors"
    hub.button.click()
    wait_for(hub._bar, "value", lambda share: share > 0.4)
    wait_for(hub._said, "value", lambda text: " MB of " in text)
    assert hub.button.description == CANCEL
    assert train.disabled and train.tooltip == standing.DOWNLOADS
    demo_hub.go_on.set()
    wait_for(hub.layout, "display", lambda shown: shown == "none")
    wait_for(train, "disabled", lambda off: not off)
    assert not panel.card.to_download and panel.card.parameters == 1_869_504
    assert not any(studio._output_dir().glob("*"))


def test_a_download_is_cancelled_in_the_form_and_nothing_half_stays(demo_hub, opened, tmp_path):
    studio = opened(model="org/model")
    hub = part(studio, HubPanel)
    wait_for(hub.layout, "display", lambda shown: shown != "none")
    hub.button.click()
    wait_for(hub.button, "description", lambda name: name == BRING)
    demo_hub.held = "model.safetensors"
    hub.button.click()
    wait_for(hub._bar, "value", lambda share: share > 0.4)
    hub.button.click()
    demo_hub.go_on.set()
    wait_for(hub.button, "description", lambda name: name == BRING)
    assert "⚠" not in said(hub) and part(studio, ModelPanel).card.to_download
    assert not [*tmp_path.glob("cache/**/snapshots/*/model.safetensors"), *tmp_path.glob("cache/**/*.incomplete")]


def test_what_the_hub_refuses_is_said_beside_the_button(demo_hub, opened):
    demo_hub.refused["org/gated"] = (403, "GatedRepo")
    studio = opened(model="org/gated")
    hub = part(studio, HubPanel)
    wait_for(hub.layout, "display", lambda shown: shown != "none")
    hub.button.click()
    wait_for(hub._said, "value", lambda text: "accept a licence first" in text)
    wait_for(hub.button, "disabled", lambda off: not off)


def test_an_adapter_that_is_picked_brings_its_base(opened, tmp_path):
    studio = opened()
    adapter = tmp_path / "runs" / "r1" / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"x")
    found = Model(str(adapter), "adapter", adapter)

    def base(name):
        said = {"base_model_name_or_path": name, "r": 8, "lora_alpha": 24}
        (adapter / "adapter_config.json").write_text(json.dumps(said))

    base(str(tmp_path / "gone"))
    studio._go_on_training(found)
    assert "which is gone" in studio._form.fields["model"]._problem.value and studio.config.adapter is None
    base("org/base")
    studio._go_on_training(found)
    assert (studio.config.model, studio.config.adapter) == ("org/base", str(adapter))
    assert (studio.config.r, studio.config.lora_alpha) == (8, 24)  # what trains, and what memory it takes
    assert not studio._form.fields["model"]._problem.value
    assert studio._form._folds["adapter"].unfolded and "org/base + r1/adapter" in studio._header._title.value


def test_a_base_model_is_offered_pretraining_and_a_template_of_ones_own(opened, make_model):  # noqa: F811
    base = make_model("a-base", words=19)
    studio = opened(model=str(base), method="sft")
    choices, panel = part(studio, ModelChoices), part(studio, ModelPanel)
    wait_for(choices.layout, "display", lambda shown: shown != "none")
    assert panel.card.kind.name == "base"
    chosen = {name: "ftw-chosen" in button._dom_classes for name, button in choices._templates.items()}
    assert chosen == {"plain": True, "chatml": False} and studio.config.chat_template is None
    choices._templates["chatml"].click()
    assert studio.config.chat_template == "chatml"
    assert "ftw-chosen" in choices._templates["chatml"]._dom_classes
    choices._pretrain.children[0].click()
    assert studio._form.fields["method"].read() == "pretrain"
    assert choices.layout.display == "none"  # a model of text needs no template


def test_an_instruct_model_with_a_template_is_asked_nothing(opened):
    studio = opened(model="demo")
    panel = part(studio, ModelPanel)
    wait_for(studio._header._title, "value", lambda text: "instruct" in text)
    assert panel.card.kind.name == "instruct" and part(studio, ModelChoices).layout.display == "none"


def test_an_adapter_of_another_base_is_told_before_train(opened, make_model, tmp_path):  # noqa: F811
    base, other = make_model("base"), make_adapter(tmp_path / "other", "org/wide", width=16)
    fits = make_adapter(tmp_path / "fits", "org/base")
    studio = opened(model=str(base), method="sft")
    train, beside = studio._header.train, studio._form.fields["adapter"]._problem
    wait_for(train, "disabled", lambda off: not off)
    studio.fill(adapter=str(other))
    wait_for(train, "tooltip", lambda text: "Train it on org/wide" in text)  # said last
    assert train.disabled and "belongs to another base model" in beside.value
    studio.fill(adapter=str(fits))
    wait_for(train, "disabled", lambda off: not off)
    assert beside.value == ""
    studio.fill(adapter=str(other))
    wait_for(train, "disabled", lambda off: off)
    studio.fill(adapter="")
    wait_for(train, "disabled", lambda off: not off)


def test_an_adapters_path_that_is_typed_brings_its_rank_and_keeps_it(opened, make_model, tmp_path):  # noqa: F811
    base, adapter = make_model("base"), make_adapter(tmp_path / "mine", "org/base")
    settings = json.loads((adapter / "adapter_config.json").read_text()) | {"r": 4, "lora_alpha": 12}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    studio = opened(model=str(base), method="sft")
    train, form = studio._header.train, studio._form
    wait_for(train, "disabled", lambda off: not off)
    form.fields["adapter"].control.value = str(adapter)[:-1]  # on the way there
    assert (form.config.r, form.config.lora_alpha) == (16, 32)
    form.fields["adapter"].control.value = str(adapter)
    assert (form.config.r, form.config.lora_alpha) == (4, 12)
    wait_for(train, "disabled", lambda off: not off)
    studio.fill(r=8)
    assert train.disabled and "goes on with its own 4" in form.fields["r"]._problem.value
    studio.fill(r=4)
    assert not train.disabled and form.fields["r"]._problem.value == ""
    studio.fill(adapter="", r=8)
    wait_for(train, "disabled", lambda off: not off)


def test_memory_is_told_while_something_is_still_to_be_chosen(opened):
    studio = opened(method="ppo")
    assert studio.config is None
    wait_for(studio._fit._word, "value", lambda text: "fits" in text)
    asked = studio._fit._word.value
    studio.fill(max_length=4096)
    wait_for(studio._fit._word, "value", lambda text: "GB free" in text and text != asked)
    assert studio._fit.step.button.disabled  # nothing can be measured yet


def test_rows_beyond_the_models_context_are_told_beside_max_length(opened):
    studio = opened(model="demo")  # reads 512 tokens
    panel, note = part(studio, ModelPanel), studio._form.fields["max_length"]._note
    wait_for(studio._header._title, "value", lambda text: "instruct" in text)
    assert panel.card.architecture.context == 512 and note.value == ""
    studio.fill(max_length=513)
    assert "max_length=513 is beyond the 512 tokens" in note.value
    assert not studio._header.train.disabled  # rows may be shorter
    studio.fill(max_length=512)
    assert note.value == ""

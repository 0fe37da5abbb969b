"""A finished run of the built-in model whose adapter changes it a good deal, made without training."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from ftwidgets import demo
from ftwidgets.config import RunConfig
from ftwidgets.runs import Context, Run, start_run
from tests.patience import PATIENCE

HOSTILE = "`<img src=x onerror=alert(1)>` | **bold** [a](javascript:b) $x$ &lt; ~~no~~"


def adapter(folder, scale=0.05):
    """A LoRA adapter on the built-in model, B drawn at random, saved to ``folder`` with the tokenizer."""
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(demo.model_folder(), dtype=torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=scale)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(demo.model_folder()).save_pretrained(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("runs")

    def work(context: Context) -> dict:
        context.emit("device", device="cpu", name="1 threads", memory=1)
        context.training()
        for step in range(1, 4):
            context.emit("log", step=step, epoch=step / 3, metrics={"loss": 3.0 / step, "grad_norm": 1.0})
        for step, answer in ((0, "It is Rome."), (3, "It is Rome, my friend.")):
            context.emit("samples", step=step, prompt=["What is Rome?", HOSTILE], completion=[answer, HOSTILE])
        adapter(context.folder / "adapter")
        return {"steps": 3, "seconds": 2.0}

    run = start_run(RunConfig(method="sft", output_dir=str(folder), r=4, lora_alpha=8, run_name=f"a {HOSTILE}"), work)
    assert run.wait(PATIENCE) == "finished", run.error
    return run

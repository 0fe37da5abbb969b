"""What the model thinks of pairs equals what its trainer measured on them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from peft import PromptTuningConfig, get_peft_model
from transformers import CohereConfig, CohereForCausalLM

import ftwidgets
from ftwidgets.training import eyes as looking
from ftwidgets.training import generation
from ftwidgets.training.eyes import score_pair, token_logps, token_ratios
from ftwidgets.training.generation import resting
from tests.patience import PATIENCE
from tests.training.pairwise import tiny

SHORT = {
    "method": "dpo",
    "max_steps": 3,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "max_eval_samples": 6,
    "learning_rate": 1e-3,
    "bnb_4bit_compute_dtype": "float32",
}


def test_scores_agree_with_the_trainers_own_and_with_a_plain_forward_pass(train):
    run = train(**SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    from ftwidgets.data import prepare

    rows = list(prepare(run.config).held_out)
    measured = [e for e in run.events.of("examples") if e["split"] == "eval"]
    last = {}
    for event in measured:
        if event["step"] == 3:
            sums = zip(event["chosen_logps"], event["rejected_logps"], strict=True)
            last |= dict(zip(event["id"], sums, strict=True))
    assert {row["row_id"] for row in rows} == set(last)
    for row in rows:
        score = score_pair(run.model, run.tokenizer, row, run.config.max_length)
        expected = last[row["row_id"]]
        # bfloat16 adapters and another batch: the noise of a reordered batch
        assert (score["chosen_logps"], score["rejected_logps"]) == pytest.approx(expected, abs=0.15, rel=0.03)

    row = rows[0]
    template = run.tokenizer.apply_chat_template
    ids = template(row["prompt"] + row["chosen"], return_dict=True)["input_ids"]
    start = len(template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"])
    with torch.no_grad():
        run.model.eval()
        logits = run.model(torch.tensor([ids])).logits[0].float()
    by_hand = [float(logits[i - 1].log_softmax(-1)[ids[i]]) for i in range(start, len(ids))]
    np.testing.assert_allclose(token_logps(run.model, [(ids, start)])[0], by_hand, atol=0.05)

    ratios = token_ratios(run.model, run.tokenizer, row)
    score = score_pair(run.model, run.tokenizer, row)
    means = [np.mean([r for _, r in ratios[side]]) for side in ("chosen", "rejected")]
    assert means[0] - means[1] == pytest.approx(score["margin after"] - score["margin before"], abs=1e-4)
    assert "".join(text for text, _ in ratios["chosen"]).startswith(row["chosen"][0]["content"][:5])


def cohere():
    """A model that scales its logits."""
    torch.manual_seed(0)
    shape = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    more = {"num_attention_heads": 4, "logit_scale": 0.3, "initializer_range": 0.3}
    return CohereForCausalLM(CohereConfig(**shape, **more, pad_token_id=0, bos_token_id=2, eos_token_id=1))


def prompt_tuned():
    """Its adapter puts tokens of its own before every row."""
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    return get_peft_model(tiny.base(), config)


def ids(length, seed):
    return torch.randint(4, 64, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


def by_hand(model, ids, start):
    with torch.no_grad():
        logits = model.eval()(torch.tensor([ids])).logits[0, -len(ids) :].double()
    return [float(logits[i - 1].log_softmax(-1)[ids[i]]) for i in range(start, len(ids))]


@pytest.mark.parametrize("kind", [*tiny.architectures(), cohere, prompt_tuned])
def test_rows_of_unlike_length_in_one_pass_are_as_each_alone(kind, monkeypatch):
    monkeypatch.setattr(looking, "TILE", 4 * 64)  # four places of this vocabulary at a time
    model = kind() if callable(kind) else tiny.model(kind, trained=True)
    rows = [(ids(23, 1), 4), (ids(9, 2), 5), (ids(6, 3), 6), (ids(14, 4), 1), ([], 1)]
    for adapter in (True, False):
        found = token_logps(model, rows, adapter=adapter)
        assert [len(values) for values in found] == [19, 4, 0, 13, 0]
        without = model.disable_adapter() if not adapter and hasattr(model, "disable_adapter") else nullcontext()
        with without:
            for (row, start), values in zip(rows[:4], found, strict=False):
                np.testing.assert_allclose(values, by_hand(model, row, start), atol=2e-5)


def test_the_head_never_makes_all_logits_at_once(monkeypatch):
    monkeypatch.setattr(looking, "TILE", 4 * 64)
    model = tiny.model("gemma3", trained=True)
    made = []
    model.get_output_embeddings().register_forward_hook(lambda module, args, out: made.append(out.shape))
    backbone = model.get_base_model().base_model
    token_logps(model, [(ids(23, 1), 4), (ids(9, 2), 5)])
    assert [tuple(shape) for shape in made] == [(1, 4, 64)] * 5 + [(1, 3, 64)]
    assert "forward" not in vars(backbone)


def test_a_side_without_a_token_has_no_margin():
    words = tiny.tokenizer()
    row = {"prompt": "w1 w2 w3 w4", "chosen": " w5 w6", "rejected": " w7"}
    model = tiny.model(trained=True)
    whole = score_pair(model, words, row)
    assert np.isfinite(list(whole.values())).all()
    cut = score_pair(model, words, row, max_length=4)
    assert np.isnan([cut["margin before"], cut["margin after"]]).all()
    assert (cut["chosen_logps"], cut["rejected_logps"]) == (0, 0)


def test_while_a_model_is_asked_other_threads_wait():
    model = tiny.model()

    def could_ask():
        lock = generation._asked[model]
        return lock.acquire(blocking=False) and (lock.release() or True)

    with ThreadPoolExecutor(1) as other:
        with resting(model):
            assert not other.submit(could_ask).result()
        assert other.submit(could_ask).result()


def test_eyes_fill_the_viewer_and_are_remembered(train):
    from ftwidgets.data import prepare

    run = train(**SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    rows = prepare(run.config).held_out
    viewer = ftwidgets.PreferencePairs(rows)
    eyes = ftwidgets.ModelEyes(viewer, run)
    assert eyes.wait(PATIENCE), eyes.error
    assert set(eyes.accuracy) == {"before", "after"}
    kept = (run.folder / "eyes.jsonl").read_text()
    again = ftwidgets.ModelEyes(ftwidgets.PreferencePairs(rows), run)
    assert again.wait(PATIENCE), again.error
    assert (run.folder / "eyes.jsonl").read_text() == kept
    assert again.accuracy == eyes.accuracy
    change = viewer._session.columns.values("margin change")
    assert eyes.suspects == [int(viewer.table.row_ids[at]) for at in np.argsort(change) if change[at] < 0]
    names = viewer._session.columns.names
    assert {"margin before", "margin after", "margin change"} <= set(names)
    facts = viewer.seeing.facts()
    assert (facts["state"], facts["done"], facts["total"]) == ("done", 6, 6)


def test_the_button_of_a_viewer_that_was_given_a_run(train):
    from ftwidgets.data import prepare

    run = train(**SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    rows = prepare(run.config).held_out
    loaded = ftwidgets.load_run(run.folder)  # its model is not in this kernel: it is loaded on request
    viewer = ftwidgets.PreferencePairs(rows, run=loaded)
    assert viewer.seeing.facts() == {"state": "offered"}
    viewer.see()
    assert viewer.seeing.looking.wait(PATIENCE), viewer.seeing.looking.error
    assert viewer.seeing.facts()["state"] == "done"
    with_model = ftwidgets.PreferencePairs(
        rows, model=loaded.model, tokenizer=loaded.tokenizer, max_length=run.config.max_length
    )
    with_model.see()
    assert with_model.seeing.looking.wait(PATIENCE)
    assert with_model.seeing.looking.accuracy == viewer.seeing.looking.accuracy
    viewer.close()
    with_model.close()


def test_what_cannot_look_is_told(train):
    viewer = ftwidgets.PreferencePairs([{"prompt": "q", "chosen": "a", "rejected": "b"}])
    with pytest.raises(ftwidgets.FtwidgetsError, match="tokenizer"):
        ftwidgets.ModelEyes(viewer, model=object())
    assert viewer.seeing.facts() == {"state": "none"}

"""What the model thinks of pairs equals what its trainer measured on them."""

import numpy as np
import pytest
import torch

import ftwidgets
from ftwidgets.training.eyes import score_pairs, token_logps, token_ratios

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
    assert run.wait(300) == "finished", run.error
    from ftwidgets.data import prepare

    rows = list(prepare(run.config).held_out)
    measured = [e for e in run.events.of("examples") if e["split"] == "eval"]
    last = {}
    for event in measured:
        if event["step"] == 3:
            sums = zip(event["chosen_logps"], event["rejected_logps"], strict=True)
            last |= dict(zip(event["id"], sums, strict=True))
    scores = list(score_pairs(run.model, run.tokenizer, rows, run.config.max_length))
    assert {s["row_id"] for s in scores} == set(last)
    for score in scores:
        expected = last[score["row_id"]]
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
    np.testing.assert_allclose(token_logps(run.model, ids, start), by_hand, atol=0.05)

    ratios = token_ratios(run.model, run.tokenizer, row)
    before = next(score_pairs(run.model, run.tokenizer, [row], adapter=False))
    after = next(score_pairs(run.model, run.tokenizer, [row]))
    assert sum(r for _, r in ratios["chosen"]) == pytest.approx(
        after["chosen_logps"] - before["chosen_logps"], abs=1e-3
    )
    assert "".join(text for text, _ in ratios["chosen"]).startswith(row["chosen"][0]["content"][:5])


def test_eyes_fill_the_viewer_and_are_remembered(train):
    from ftwidgets.data import prepare

    run = train(**SHORT)
    assert run.wait(300) == "finished", run.error
    rows = prepare(run.config).held_out
    viewer = ftwidgets.PreferencePairs(rows)
    eyes = ftwidgets.ModelEyes(viewer, run)
    assert eyes.wait(120), eyes.error
    assert set(eyes.accuracy) == {"before", "after"}
    kept = (run.folder / "eyes.jsonl").read_text()
    again = ftwidgets.ModelEyes(ftwidgets.PreferencePairs(rows), run)
    assert again.wait(120), again.error
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
    assert run.wait(300) == "finished", run.error
    rows = prepare(run.config).held_out
    loaded = ftwidgets.load_run(run.folder)  # its model is not in this kernel: it is loaded on request
    viewer = ftwidgets.PreferencePairs(rows, run=loaded)
    assert viewer.seeing.facts() == {"state": "offered"}
    viewer.see()
    assert viewer.seeing.looking.wait(120), viewer.seeing.looking.error
    assert viewer.seeing.facts()["state"] == "done"
    with_model = ftwidgets.PreferencePairs(
        rows, model=loaded.model, tokenizer=loaded.tokenizer, max_length=run.config.max_length
    )
    with_model.see()
    assert with_model.seeing.looking.wait(120)
    assert with_model.seeing.looking.accuracy == viewer.seeing.looking.accuracy
    viewer.close()
    with_model.close()


def test_what_cannot_look_is_told(train):
    viewer = ftwidgets.PreferencePairs([{"prompt": "q", "chosen": "a", "rejected": "b"}])
    with pytest.raises(ftwidgets.FtwidgetsError, match="tokenizer"):
        ftwidgets.ModelEyes(viewer, model=object())
    assert viewer.seeing.facts() == {"state": "none"}

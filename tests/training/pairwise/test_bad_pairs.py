"""Pairs that teach nothing, and steps that go wrong."""

import math

import pytest
import torch
from datasets import Dataset

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import NonFiniteError, named
from ftwidgets.training.pairwise.problems import PairsError
from tests.training.pairwise import tiny


def test_named():
    assert named([7]) == "row 7"
    assert named([1, 2, 3]) == "rows 1, 2 and 3"
    assert named(list(range(12))) == "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


@pytest.mark.parametrize("method", ["dpo", "orpo", "simpo"])
def test_rows_whose_prompt_fills_max_length_are_left_out(tmp_path, method):
    trainer = tiny.trainer(tmp_path, method, max_length=9)  # rows 100, 102, 104 and 106 have 9 or more words
    assert trainer.train_dataset["row_id"] == [101, 103, 105, 107]
    note = trainer.context.of("note")[0]
    assert note["rows"] == [100, 102, 104, 106]
    assert note["text"] == (
        "4 of 8 train rows are left out: the prompt alone fills max_length=9 in rows 100, 102, 104 and 106."
    )
    trainer.train()
    assert all(math.isfinite(row["loss"]) for row in trainer.state.log_history if "loss" in row)


def test_held_out_rows_are_left_out_too(tmp_path):
    trainer = tiny.trainer(tmp_path, "simpo", max_length=9, held_out=tiny.pairs())
    assert trainer.eval_dataset["row_id"] == [101, 103, 105, 107]
    assert math.isfinite(trainer.evaluate()["eval_loss"])


def test_no_row_left(tmp_path):
    with pytest.raises(PairsError, match=r"No pair is left.*max_length=3 in rows 100.*Raise max_length"):
        tiny.trainer(tmp_path, max_length=3)


def test_empty_answers_are_left_out(tmp_path):
    rows = tiny.pairs().select(range(4)).to_list()
    rows[1]["prompt"] = ""  # nothing to predict the only token of its chosen answer from
    rows[1]["chosen"] = ""
    trainer = tiny.trainer(tmp_path, rows=Dataset.from_list(rows))
    assert trainer.train_dataset["row_id"] == [100, 102, 103]
    assert "an answer is empty in row 101" in trainer.context.of("note")[0]["text"]


def test_the_same_answer_twice_in_every_row(tmp_path):
    rows = tiny.pairs()
    rows = rows.remove_columns("rejected").add_column("rejected", rows["chosen"])
    with pytest.raises(PairsError, match="no preference to learn"):
        tiny.trainer(tmp_path, rows=rows)


def test_the_same_answer_twice_in_some_rows(tmp_path):
    rows = tiny.pairs().to_list()
    rows[2]["rejected"] = rows[2]["chosen"]
    trainer = tiny.trainer(tmp_path, "orpo", rows=Dataset.from_list(rows))
    assert (
        trainer.context.of("note")[0]["text"]
        == "In 1 of 8 train pairs both answers are the same, and teach nothing: row 102."
    )
    trainer.train()


def test_answers_that_differ_beyond_max_length_only(tmp_path):
    row = {"row_id": 0, "prompt": "w1 w2", "chosen": " w3 w4 w5 w6", "rejected": " w3 w4 w5 w7"}
    with pytest.raises(PairsError, match="as far as max_length=5"):
        tiny.trainer(tmp_path, rows=Dataset.from_list([row]), max_length=5)


@pytest.mark.parametrize("method", ["dpo", "orpo", "simpo"])
@pytest.mark.parametrize(("rows", "size"), [(1, 1), (1, 4), (3, 1)])
def test_a_single_pair_and_a_batch_of_one(tmp_path, method, rows, size):
    trainer = tiny.trainer(
        tmp_path, method, rows=tiny.pairs().select(range(rows)), per_device_train_batch_size=size, max_steps=2
    )
    trainer.train()
    assert all(math.isfinite(row["loss"]) for row in trainer.state.log_history if "loss" in row)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"beta": 0.0}, "beta=0.0"),
        ({"loss_type": "apo_zero", "label_smoothing": 0.1}, "label_smoothing=0.1"),
        ({"method": "orpo", "nll_over": "prompt"}, "nll_over='prompt'"),
        ({"method": "kto"}, "method='kto'"),
    ],
)
def test_parameters_are_checked_before_anything_is_computed(tmp_path, options, says):
    with pytest.raises(FtwidgetsError, match=says):
        tiny.trainer(tmp_path, **options)


def adapter(trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for p in trainer.model.parameters() if p.requires_grad]


@pytest.mark.parametrize("sharing", ["on", "off"])
@pytest.mark.parametrize("method", ["dpo", "orpo", "simpo"])
def test_a_loss_that_is_no_number_names_its_row(tmp_path, method, sharing):
    rows = tiny.pairs().to_list()
    rows[5]["chosen"] = f" {tiny.WORDS[-1]}{rows[5]['chosen']}"
    trainer = tiny.trainer(
        tmp_path, method, rows=Dataset.from_list(rows), prefix_sharing=sharing, per_device_train_batch_size=4
    )
    broken = tiny.tokenizer().convert_tokens_to_ids(tiny.WORDS[-1])
    trainer.base.get_input_embeddings().weight.data[broken] = math.nan
    before = adapter(trainer)
    with pytest.raises(NonFiniteError, match=r"The loss became nan at step [12], in row 105\.") as caught:
        trainer.train()
    assert caught.value.row_ids == [105]
    assert trainer.context.of("examples")[-1]["step"] == caught.value.step
    if caught.value.step == 1:
        assert all(torch.equal(a, b) for a, b in zip(before, adapter(trainer), strict=True))


def test_a_gradient_that_is_no_number_stops_before_the_step(tmp_path):
    trainer = tiny.trainer(tmp_path)
    parameter = next(p for p in trainer.model.parameters() if p.requires_grad)
    parameter.register_hook(lambda gradient: gradient * math.inf)
    before = adapter(trainer)
    with pytest.raises(
        NonFiniteError, match=r"The gradient became (nan|inf) at step 1, among rows \d+ and \d+"
    ) as caught:
        trainer.train()
    assert len(caught.value.row_ids) == 2
    assert all(torch.equal(a, b) for a, b in zip(before, adapter(trainer), strict=True))

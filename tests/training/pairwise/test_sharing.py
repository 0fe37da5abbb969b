"""A shared row gives what two separate rows give: log-probabilities and gradients, on every architecture."""

import functools

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, Lfm2Config, LlamaConfig
from trl.trainer.utils import add_fused_lm_head

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.pairwise import sharing
from ftwidgets.training.pairwise.attention import PREFIX, no_mask
from ftwidgets.training.pairwise.batch import PairCollator
from ftwidgets.training.pairwise.layout import Pair, shared_row, two_rows
from ftwidgets.training.pairwise.problems import PrefixSharingError
from ftwidgets.training.pairwise.scoring import add_scoring
from tests.training.pairwise import tiny


def some_pairs() -> list[Pair]:
    """Prompts and completions shorter and longer than the window, an answer of one token, a prompt of one token."""
    random = torch.Generator().manual_seed(1)
    shape = [(20, 5, 11), (3, 4, 2), (1, 6, 3), (9, 1, 14), (0, 4, 3)]
    return [Pair(*(torch.randint(4, 64, (n,), generator=random).tolist() for n in lengths)) for lengths in shape]


def scoring_model(architecture: str, dtype: torch.dtype = torch.float32):
    model = tiny.base(architecture, dtype=dtype)
    add_fused_lm_head(model, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
    add_scoring(model)
    return model


def log_probs(model, pairs, shared: bool) -> torch.Tensor:
    more = {}
    if shared:
        inputs, more["shared_row"], scored = shared_row(pairs)
        more["attention_mask"] = no_mask(torch.device("cpu"))
    else:
        inputs, scored = two_rows(pairs, pad=0)
    return model(**inputs, **more, places=torch.tensor(scored.places), targets=torch.tensor(scored.targets)).log_probs


def plain(model, pair: Pair) -> torch.Tensor:
    """Each row for itself through the model's own logits: no padding, no fused head, nothing of ours."""
    parts = []
    for completion in (pair.chosen, pair.rejected):
        row = torch.tensor([pair.prompt + completion])
        first = max(len(pair.prompt), 1)
        log_p = model(input_ids=row, use_cache=False).logits.float().log_softmax(-1)[0, first - 1 : -1]
        parts.append(log_p.gather(1, row[0, first:, None]).squeeze(1))
    return torch.cat(parts)


def in_row_order(values: torch.Tensor, pairs: list[Pair]) -> torch.Tensor:
    """Pair by pair, from all chosen before all rejected."""
    parts = values.split([p.scored[0] for p in pairs] + [p.scored[1] for p in pairs])
    return torch.cat([torch.cat((parts[i], parts[len(pairs) + i])) for i in range(len(pairs))])


@pytest.mark.parametrize("architecture", tiny.architectures())
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "two-rows"])
def test_log_probs_and_gradients_equal_separate_rows(architecture, shared):
    pairs = some_pairs()
    model = scoring_model(architecture)
    expected = torch.cat([plain(model, pair) for pair in pairs])
    upstream = torch.linspace(-1, 1, len(expected))
    (expected * upstream).sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    model.zero_grad()

    model.set_attn_implementation(PREFIX + model.config._attn_implementation)
    found = in_row_order(log_probs(model, pairs, shared), pairs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)
    (found * upstream).sum().backward()
    for name, parameter in model.named_parameters():
        scale = gradients[name].norm()
        assert (parameter.grad - gradients[name]).norm() <= 1e-5 * scale, name


@pytest.mark.parametrize("architecture", ["qwen2-sliding", "gemma2", "gemma3"])
def test_the_window_is_felt(architecture):
    """The pairs above are long enough for a wrong window to show."""
    pairs = some_pairs()[:1]
    model = scoring_model(architecture)
    right = plain(model, pairs[0])
    model.set_attn_implementation(PREFIX + model.config._attn_implementation)
    for module in model.modules():
        if getattr(module, "sliding_window", None):
            module.sliding_window += 1
    assert (log_probs(model, pairs, True) - right).abs().max() > 1e-3


def test_gradient_checkpointing_changes_nothing():
    pairs = some_pairs()
    grads = []
    for checkpointing in (False, True):
        model = scoring_model("gemma3").train()
        model.set_attn_implementation(PREFIX + "sdpa")
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        log_probs(model, pairs, True).sum().backward()
        grads.append([p.grad for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


@pytest.mark.parametrize("architecture", ["llama", "gemma2"])
def test_other_calls_of_the_model_stay_as_they_were(architecture):
    model = scoring_model(architecture).eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    logits = model(input_ids=ids).logits
    written = model.generate(input_ids=ids, max_new_tokens=5, do_sample=False)
    model.set_attn_implementation(PREFIX + model.config._attn_implementation)
    assert torch.equal(model(input_ids=ids).logits, logits)
    assert torch.equal(model.generate(input_ids=ids, max_new_tokens=5, do_sample=False), written)


def decide(model, wanted="auto", pairs=None):
    with torch.no_grad():
        pairs = pairs or some_pairs()
        lengths = np.array([[len(p.prompt), len(p.chosen), len(p.rejected)] for p in pairs])
        score = functools.partial(log_probs, model)
        return sharing.decide(wanted, model, lengths, pairs.__getitem__, score)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("architecture", ["llama-tied", "gemma3"])
def test_used_where_it_is_proven_equal_and_pays(architecture, dtype):
    model = scoring_model(architecture, dtype)
    found = decide(model)
    assert found.used
    assert found.difference <= found.allowed
    assert "saves" in found.reason
    assert model.config._attn_implementation == PREFIX + "sdpa"


def test_off_where_prompts_are_short():
    pairs = [Pair([1], [2, 3, 4], [5, 6, 7])]
    assert not decide(scoring_model("llama"), pairs=pairs).used
    assert decide(scoring_model("llama"), "on", pairs).used


def test_each_batch_is_laid_out_as_it_pays():
    """A shared row saves 9 of the 24 tokens of the first pair, and none of the 14 of the second."""
    collate = PairCollator(pad=0, max_length=None)
    collate.sharing = True
    long, short = (
        {"row_id": 0, "prompt_ids": [5] * n, "chosen_ids": [6] * m, "rejected_ids": [7] * m}
        for n, m in ((10, 2), (1, 6))
    )
    assert "shared_row" in collate([long])
    assert "shared_row" not in collate([short])
    assert "shared_row" in collate([long, short]), "two rows would be padded to the longer pair"
    collate.sharing = False
    assert "shared_row" not in collate([long])


@pytest.mark.parametrize(("wanted", "reason"), [("auto", "it saves"), ("off", "it is switched off")])
def test_what_was_chosen_is_noted_with_the_reason(tmp_path, wanted, reason):
    trainer = tiny.trainer(tmp_path, prefix_sharing=wanted)
    assert trainer.prefix_sharing.used == (wanted == "auto")
    (note,) = [note for note in trainer.context.of("note") if note["level"] == "info"]
    assert note["text"] == f"Prefix sharing {'on' if wanted == 'auto' else 'off'}: {trainer.prefix_sharing.reason}."
    assert reason in note["text"]


def test_off_where_the_model_differs():
    model = scoring_model("gemma3")
    for module in model.modules():
        if getattr(module, "sliding_window", None):
            module.sliding_window += 1  # what attention is told differs from what the model's masks say
    found = decide(model)
    assert not found.used
    assert "differs from two rows" in found.reason
    assert model.config._attn_implementation == "sdpa"


def test_on_refuses_a_model_that_cannot():
    config = Lfm2Config(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, layer_types=["conv", "full_attention"],
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    assert "conv layers" in decide(model).reason
    with pytest.raises(PrefixSharingError, match="conv layers"):
        decide(model, "on")


def test_attention_dropout_is_an_obstacle():
    shape = tiny.architectures()["llama"].to_dict() | {"attention_dropout": 0.1}
    model = AutoModelForCausalLM.from_config(LlamaConfig(**shape))
    assert "dropout" in decide(model).reason


def test_unknown_choice():
    with pytest.raises(FtwidgetsError, match="prefix_sharing='maybe'"):
        decide(scoring_model("llama"), "maybe")

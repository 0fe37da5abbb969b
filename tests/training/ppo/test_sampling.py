import itertools
import math
from collections import Counter

import pytest
import torch

from ftwidgets.training.ppo import plain_weights
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.sampling import BLOCK, Sampler, draw
from tests.training.ppo import tiny
from tests.training.ppo.test_roles import FOUR_BIT, shake

STOPS = [1, 4]


@pytest.fixture(params=["llama", "gemma3"])
def roles(request: pytest.FixtureRequest, tmp_path) -> Roles:
    return Roles(tiny.job(tmp_path, model=tiny.model_folder(request.param)).model)


def sampler(roles: Roles, **options) -> Sampler:
    usual = {"stops": STOPS, "pad_token_id": 0, "response_length": 6, "temperature": 1.0, "batch_size": 4}
    return Sampler(roles, **(usual | options))


def test_left_padding_changes_nothing(roles: Roles) -> None:
    """At a temperature near zero the likeliest token is taken, so answers can be compared."""
    prompts = [[2, 3, 9], [2, 3, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18], [2, 3, 20, 21, 8]]
    together = sampler(roles, temperature=1e-4).sample(prompts, 0)
    alone = [sampler(roles, temperature=1e-4, batch_size=1).sample([p], 0)[0] for p in prompts]
    assert together == alone


def test_samples_from_the_whole_distribution(roles: Roles) -> None:
    """Not among the 50 or 1 likeliest, whatever the model's generation config asks for."""
    base = roles.model.get_base_model()
    base.generation_config.top_k = 1
    base.generation_config.top_p = 0.1
    base.generation_config.repetition_penalty = 5.0
    prompt = [2, 3, 9, 10]
    temperature = 0.5
    answers = sampler(roles, response_length=1, temperature=temperature, batch_size=2000).sample([prompt] * 2000, 3)
    with torch.no_grad():
        expected = (base(torch.tensor([prompt])).logits[0, -1] / temperature).softmax(-1)
    seen = Counter(ids[0] for ids in answers)
    for token, probability in enumerate(expected.tolist()):
        spread = 5 * math.sqrt(probability * (1 - probability) / 2000) + 1e-9  # five standard deviations
        assert abs(seen[token] / 2000 - probability) <= spread
    assert base.generation_config.top_k == 1


def test_blocks_change_no_probability() -> None:
    """Tokens at both ends of blocks, in a vocabulary that ends within a block; all others must never come."""
    probabilities = {0: 0.4, BLOCK - 1: 0.1, BLOCK: 0.25, 2 * BLOCK + 7: 0.25}
    row = torch.zeros(2 * BLOCK + 8).index_put(
        (torch.tensor([*probabilities]),), torch.tensor([*probabilities.values()])
    )
    torch.manual_seed(0)
    count = 4000
    seen = Counter(draw(row.expand(count, -1)).flatten().tolist())
    assert seen.keys() == probabilities.keys()
    for token, probability in probabilities.items():
        assert abs(seen[token] / count - probability) <= 5 * math.sqrt(probability * (1 - probability) / count)


def test_answers_end_with_their_stop_token(roles: Roles) -> None:
    answers = sampler(roles, response_length=40).sample([[2, 3, 9]] * 30, 0)
    ended = [ids for ids in answers if ids[-1] in STOPS]
    assert ended
    assert all(1 <= len(ids) <= 40 for ids in answers)
    assert not any(token in STOPS for ids in answers for token in ids[:-1])
    assert all(len(ids) == 40 for ids in answers if ids[-1] not in STOPS)


def test_a_seed_repeats_and_leaves_the_random_state_alone(roles: Roles) -> None:
    prompts = [[2, 3, 9], [2, 3, 10, 11]]
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one = sampler(roles).sample(prompts, 7)
    assert torch.equal(before, torch.random.get_rng_state())
    assert sampler(roles).sample(prompts, 7) == one
    assert sampler(roles).sample(prompts, 8) != one


def test_everything_is_put_back(roles: Roles) -> None:
    roles.model.train()
    roles.model.gradient_checkpointing_enable()
    roles.model.config.use_cache = False
    usual = roles.model.get_base_model().generation_config
    sampler(roles).sample([[2, 3, 9]], 0)
    assert all(m.training for m in roles.model.modules())
    assert any(getattr(m, "gradient_checkpointing", False) for m in roles.model.modules())
    assert roles.model.config.use_cache is False
    assert roles.model.get_base_model().generation_config is usual
    assert not roles.model.get_output_embeddings()._forward_pre_hooks
    assert all(p.requires_grad for p in itertools.chain(roles.policy_parameters, roles.value_parameters))


def test_stops_between_two_tokens_when_asked(roles: Roles) -> None:
    asked = itertools.count()
    answers = sampler(roles, response_length=30, stop_requested=lambda: next(asked) >= 2).sample([[2, 3, 9]] * 8, 0)
    assert max(map(len, answers)) <= 3
    assert answers[4:] == [[]] * 4  # the second batch never began


@pytest.mark.parametrize("double", [True, False])
def test_plain_weights_are_the_same_to_the_bit(double: bool, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = FOUR_BIT | {"bnb_4bit_use_double_quant": double, "r": 3, "lora_alpha": 7}
    roles = Roles(tiny.job(tmp_path, **options).model)
    shake(roles.policy_parameters)
    rows = torch.randint(5, 30, (3, 9), generator=torch.Generator().manual_seed(0))
    layer = roles.model.get_base_model().model.layers[0].self_attn.q_proj
    with torch.no_grad():
        expected = roles.model(rows).logits
        with plain_weights.plain_weights(roles.model):
            assert "forward" in vars(layer)
            assert torch.equal(roles.model(rows).logits, expected)
        assert "forward" not in vars(layer)
        assert torch.equal(roles.model(rows).logits, expected)

    prompts = [[2, 3, 9], [2, 3, 10, 11]]
    quick = sampler(roles).sample(prompts, 1)
    monkeypatch.setattr(plain_weights, "SHARE_OF_FREE_MEMORY", 0.0)
    assert sampler(roles).sample(prompts, 1) == quick

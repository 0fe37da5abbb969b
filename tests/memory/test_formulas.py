"""Each part against what PyTorch, PEFT and bitsandbytes really keep, or against arithmetic by hand."""

import pytest

from ftwidgets.memory import Setup, formulas
from ftwidgets.models import Architecture

SIZES = {
    "hidden_size": 256,
    "intermediate_size": 640,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "vocab_size": 64,
    "tie_word_embeddings": True,
    "max_position_embeddings": 16384,
}
TOKENS = 96
LLAMA_8B = Architecture(
    "llama", hidden=4096, layers=32, heads=32, kv_heads=8, head_dim=128, mlp=14336, vocab=128256, tied=False
)


def test_parameters_of_llama_8b():
    # 8,030,261,248 in its model card; the formula leaves out nothing (the last norm is one of 65).
    assert LLAMA_8B.parameters() == 8_030_261_248
    linears = LLAMA_8B.linears()
    # PEFT's print_trainable_parameters for r=16 on all linear layers: 41,943,040.
    assert formulas.adapter_parameters(linears, Setup(r=16)) == 41_943_040
    assert formulas.adapter_parameters(linears, Setup(r=16, targets=("q_proj", "v_proj"))) == 32 * 16 * (8192 + 5120)


def test_bytes_of_a_quantised_weight():
    assert pytest.approx(0.5159, abs=1e-4) == formulas.DOUBLE_QUANTISED_BYTES
    assert formulas.QUANTISED_BYTES == 0.5625


def test_adapters_and_optimizer_by_hand():
    linears = LLAMA_8B.linears()
    n = 41_943_040
    assert formulas.adapters(linears, Setup(r=16)) == n * 4  # bfloat16 and its gradient
    assert formulas.optimizer(linears, Setup(r=16)) == n * 2  # 8-bit Adam: together the 6 bytes of QLoRA
    two = Setup(r=16, adapters=2, frozen_adapters=1, lora_bytes=4)
    assert formulas.adapters(linears, two) == n * (2 * 8 + 4)


def test_checkpointing_keeps_one_input_a_layer():
    setup = Setup(batch=2, length=100)
    kept, at_work = formulas.activations(LLAMA_8B, LLAMA_8B.linears(), setup)
    assert kept == 200 * 32 * 4096 * 2
    without, working = formulas.activations(
        LLAMA_8B, LLAMA_8B.linears(), Setup(batch=2, length=100, checkpointing=False)
    )
    assert without == pytest.approx(32 * (at_work - working))


def test_cache_of_sampled_answers():
    setup = Setup(method="ppo", length=512, response=128, sampled_rows=4)
    cache = 2 * 1024 * 2 * 32 * 512 * 4  # keys and values, 16 bits, 32 layers, 512 tokens, 4 rows
    first_pass = 4 * 384 * (2 * (3 * 14336 + 2 * 4096) + 6 * 4096)
    assert formulas.rollouts(LLAMA_8B, LLAMA_8B.linears(), setup) == cache + first_pass
    window = Architecture(**(vars(LLAMA_8B) | {"sliding_window": 100, "full_attention_layers": 8}))
    smaller = 2 * 1024 * 2 * (8 * 512 + 24 * 100) * 4
    assert formulas.rollouts(window, (), setup) == smaller + first_pass
    on_cpu = Setup(method="ppo", length=512, response=128, sampled_rows=4, device="cpu")
    written_out = 2 * sum(linear.parameters for linear in LLAMA_8B.linears())  # 16 bits of each quantised weight
    assert formulas.rollouts(LLAMA_8B, LLAMA_8B.linears(), on_cpu) == written_out + cache + first_pass


FAMILIES = {
    "llama": {},
    "qwen3": {},
    "gemma3_text": {"layer_types": ["full_attention"] * 3},
    "arcee": {"hidden_act": "relu2"},
    "apertus": {"hidden_act": "xielu"},
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("dropout", "lora_bytes"), [(0.0, 2), (0.1, 2), (0.0, 4)])
def test_what_a_layer_keeps_is_what_pytorch_saves(family, dropout, lora_bytes):
    """The difference between one layer and three, counted tensor by tensor by autograd's own hooks."""
    config = SIZES | FAMILIES[family] | {"model_type": family}
    one, three = (_saved_bytes(config, layers, dropout, lora_bytes) for layers in (1, 3))
    a = Architecture.from_config(config | {"num_hidden_layers": 3})
    setup = Setup(r=8, lora_dropout=dropout, lora_bytes=lora_bytes, device="cpu")
    assert formulas.kept_by_a_layer(a, a.linears(), setup) == pytest.approx((three - one) / 2 / TOKENS, rel=0.01)


def _saved_bytes(config, layers, dropout, lora_bytes):
    torch = pytest.importorskip("torch")
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    kinds = {"layer_types": config["layer_types"][:layers]} if "layer_types" in config else {}
    keywords = {k: v for k, v in config.items() if k not in ("model_type", "layer_types")}
    tokens = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    settings = AutoConfig.for_model(config["model_type"], **keywords, **kinds, **tokens, num_hidden_layers=layers)
    base = AutoModelForCausalLM.from_config(settings, attn_implementation="sdpa").to(torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=8, target_modules="all-linear", lora_dropout=dropout)).train()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16 if lora_bytes == 2 else torch.float32)
    model.enable_input_require_grads()
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    saved = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address comes twice
        return tensor

    ids = torch.zeros((1, TOKENS), dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        base.base_model(input_ids=ids, attention_mask=torch.ones_like(ids))
    return sum(size for size, _ in saved.values())

"""What PPO needs: sampling, reward, clipping, and how close the policy stays to its start."""

from typing import Any, Literal

from pydantic import BaseModel

from ftwidgets.config.option import option


def ppo(default: Any, help: str, source: str, *, advanced: bool = True, **rest: Any) -> Any:
    """An option that only PPO uses."""
    return option(default, help, source, group="method", methods=("ppo",), advanced=advanced, **rest)


class PPOOptions(BaseModel):
    """PPO's parameters; names are those of TRL's PPOConfig."""

    reward: str | None = ppo(
        None,
        "What the answers are scored by: the folder of a reward model, or a run of method “reward”. "
        "Or a function of the notebook, reward(prompts, completions) -> floats.",
        "PPO maximises it",
        advanced=False,
        empty="none yet, and PPO needs one",
    )
    response_length: int | None = ppo(
        128,
        "Longest answer sampled. The cost of sampling grows with it.",
        "ftwidgets (TRL: 53, for summaries)",
        advanced=False,
        unit="tokens",
        ge=1,
        le=8192,
    )
    kl_coef: float | None = ppo(
        0.05,
        "Price of drifting away from the starting model, per nat of KL. Higher keeps answers closer to the start.",
        "TRL; arXiv 2403.17031",
        advanced=False,
        ge=0,
        le=100,
        step=0.01,
    )
    kl_estimator: Literal["k1", "k3"] | None = ppo(
        "k1",
        "How KL is estimated from sampled tokens: k1 is unbiased, k3 varies less and is never negative.",
        "TRL; Schulman 2020, Approximating KL divergence",
    )
    adap_kl_ctrl: bool | None = ppo(
        False, "Adjust kl_coef so that the KL of an answer stays near target.", "arXiv 1909.08593, eq. 3"
    )
    target: float | None = ppo(
        6.0,
        "KL of an answer that adaptive control aims at. Only with adap_kl_ctrl.",
        "arXiv 1909.08593",
        gt=0,
        unit="nats",
    )
    horizon: float | None = ppo(
        10000.0, "Answers over which adaptive control reacts. Only with adap_kl_ctrl.", "arXiv 1909.08593", gt=0
    )
    num_ppo_epochs: int | None = ppo(4, "Passes over each batch of sampled answers.", "TRL", ge=1, le=100)
    num_mini_batches: int | None = ppo(
        1,
        "Optimizer steps in each pass over the sampled answers. Multiplies the prompts sampled for an update.",
        "TRL",
        ge=1,
        le=1024,
    )
    cliprange: float | None = ppo(
        0.2,
        "How far one update may move a token's probability ratio before it stops counting.",
        "PPO (arXiv 1707.06347)",
        gt=0,
        lt=1,
        step=0.05,
    )
    cliprange_value: float | None = ppo(
        0.2,
        "How far one update may move a value estimate before it stops counting.",
        "TRL; arXiv 2403.17031",
        gt=0,
        step=0.05,
    )
    vf_coef: float | None = ppo(0.1, "Weight of the value loss.", "TRL", ge=0, le=100, step=0.05)
    gamma: float | None = ppo(
        1.0, "Discount per token. 1: every token answers for the whole score.", "TRL", gt=0, le=1, step=0.01
    )
    lam: float | None = ppo(
        0.95, "GAE's lambda: lower means less variance and more bias.", "GAE (arXiv 1506.02438)", ge=0, le=1, step=0.01
    )
    whiten_rewards: bool | None = ppo(
        False, "Scale rewards to unit variance within an update. Helps when scores have an odd scale.", "TRL"
    )
    temperature: float | None = ppo(
        1.0,
        "Sampling temperature; the update uses the same one.",
        "sampling from the policy itself (TRL: 0.7)",
        ge=0.05,
        le=5,
        step=0.05,
    )
    missing_eos_penalty: float | None = ppo(
        None,
        "Taken from the score of an answer that did not end by itself within response_length. "
        "Try 1 when answers ramble.",
        "TRL; The N implementation details of RLHF with PPO",
        ge=0,
        step=0.1,
        empty="no penalty",
    )
    stop_token: str | None = ppo(
        None, "Token that ends an answer.", "the model's own", empty="the model's own end tokens"
    )
    local_rollout_forward_batch_size: int | None = ppo(
        16,
        "Answers sampled and scored at a time. Lower it when sampling runs out of memory.",
        "ftwidgets (TRL: 64)",
        ge=1,
    )
    value_model: Literal["adapter", "head"] | None = ppo(
        "adapter",
        "adapter: a second LoRA estimates the value. head: a scalar head on the policy; faster, but the two compete.",
        "a separate value network: arXiv 2403.17031",
    )
    critic_learning_rate: float | None = ppo(
        None, "Learning rate of the value.", "verl, OpenRLHF", gt=0, le=1, empty="ten times learning_rate"
    )

"""PPO: policy, reference, value and, by choice, reward as adapters of one 4-bit base."""

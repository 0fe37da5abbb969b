"""A health note's values reach the form of Studio, where they can be seen."""

from ftwidgets import Studio


def test_values_fill_the_fields_that_the_method_uses_and_their_panel_opens():
    studio = Studio(method="dpo")
    studio._try_this({"learning_rate": 5e-06, "kl_coef": 0.1})  # kl_coef is PPO's
    assert studio.config.learning_rate == 5e-06 and studio.config.kl_coef is None
    assert studio._steps._stack.selected_index == 3 and studio.run is None
    studio._try_this({"beta": 0.3})
    assert studio.config.beta == 0.3 and studio._steps._stack.selected_index == 2

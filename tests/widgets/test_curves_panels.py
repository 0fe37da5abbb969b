"""Which metrics stand in which chart, and in which order."""

from ftwidgets.widgets.panels import panels

DPO = [
    "step",
    "epoch",
    "time",
    "loss",
    "grad_norm",
    "learning_rate",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/accuracies",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
    "logits/chosen",
    "logits/rejected",
    "entropy",
    "mean_token_accuracy",
    "num_tokens",
    "eval_loss",
    "eval_rewards/margins",
    "eval_rewards/accuracies",
    "eval_runtime",
    "eval_samples_per_second",
]
PPO = [
    "step",
    "epoch",
    "time",
    "loss",
    "learning_rate",
    "grad_norm",
    "objective/kl",
    "objective/entropy",
    "objective/non_score_reward",
    "objective/rlhf_reward",
    "objective/scores",
    "policy/approxkl_avg",
    "policy/clipfrac_avg",
    "loss/policy_avg",
    "loss/value_avg",
    "val/clipfrac_avg",
    "val/ratio",
    "val/ratio_var",
    "policy/entropy_avg",
    "val/num_eos_tokens",
    "completions/mean_length",
]


def by_id(columns, **options):
    return {panel.id: panel for panel in panels(columns, **options)}


def test_preference_metrics_are_in_reading_order():
    opened = [panel.id for panel in panels(DPO) if panel.open]
    assert opened == ["loss", "rewards", "margins", "token_accuracy", "entropy", "lr", "grad_norm"]


def test_ppo_metrics_are_in_reading_order():
    opened = [panel.id for panel in panels(PPO) if panel.open]
    assert opened == ["loss", "scores", "kl", "ppo_loss", "clip", "length", "lr", "grad_norm"]


def test_every_metric_stands_in_exactly_one_panel():
    for columns in (DPO, PPO, [*DPO, *PPO, "eval_other/thing", "custom", "eval_custom"]):
        shown = [name for panel in panels(columns) for name in (*panel.metrics, *panel.evaluation)]
        wanted = [name for name in dict.fromkeys(columns) if name not in ("step", "epoch", "time")]
        assert sorted(shown) == sorted(wanted)


def test_training_and_evaluation_share_a_panel():
    loss = by_id(DPO)["loss"].spec()
    assert [(m["name"], m.get("eval", False)) for m in loss["metrics"]] == [("loss", False), ("eval_loss", True)]


def test_rewards_mark_zero_and_accuracy_has_its_own_axis():
    assert by_id(DPO)["rewards"].spec()["zero"] is True
    margins = by_id(DPO)["margins"].spec()
    assert margins["rightRange"] == (0, 1)
    assert {m["name"] for m in margins["metrics"] if m.get("right")} == {
        "rewards/accuracies",
        "eval_rewards/accuracies",
    }


def test_a_right_axis_without_a_left_one_becomes_the_only_one():
    accuracy = by_id(["step", "rewards/accuracies"])["margins"].spec()
    assert accuracy["range"] == (0, 1) and "rightRange" not in accuracy and "zero" not in accuracy


def test_what_evaluation_says_of_itself_is_no_twin_of_a_metric():
    found = by_id(["loss", "samples_per_second", "eval_samples_per_second", "eval_runtime"])
    assert found["samples_speed"].evaluation == {}
    assert set(found["eval_speed"].metrics) == {"eval_samples_per_second", "eval_runtime"}
    assert not found["eval_speed"].open


def test_unknown_metrics_gather_by_prefix_and_are_closed():
    found = by_id(["loss", "val/ratio", "val/ratio_var", "eval_val/ratio", "my_metric"])
    assert found["other:val"].metrics == {"val/ratio": "ratio", "val/ratio_var": "ratio_var"}
    assert found["other:val"].evaluation == {"eval_val/ratio": "val/ratio"}
    assert found["other:my_metric"].metrics == {"my_metric": "my_metric"}
    assert not found["other:val"].open and not found["other:my_metric"].open


def test_with_several_runs_each_metric_has_a_panel():
    found = by_id(DPO, split=True)
    assert found["rewards:rewards/chosen"].title == "Rewards: chosen"
    accuracy = found["margins:rewards/accuracies"]
    assert (accuracy.title, accuracy.range, accuracy.right) == ("Accuracy", (0, 1), ())
    assert accuracy.evaluation == {"eval_rewards/accuracies": "rewards/accuracies"}
    assert all(len(panel.metrics) == 1 for panel in found.values())


def test_no_two_charts_of_several_runs_have_the_same_name():
    names = ["rewards/margins", "rewards/accuracies", "pairs/margin", "pairs/accuracy", "mean_token_accuracy", "mine"]
    titles = [panel.title for panel in panels(names, split=True)]
    pairs = ["Pairs, by mean log-prob: margin", "Pairs, by mean log-prob: accuracy"]
    assert titles == ["Margin", "Accuracy", *pairs, "Token accuracy", "mine"]


def test_forgetting_has_a_panel_of_its_own():
    found = {panel.id: panel for panel in panels(["step", "loss", "eval_general_loss", "eval_general_perplexity"])}
    assert found["general"].open and found["general"].evaluation == {"eval_general_perplexity": "general_perplexity"}
    assert not found["other:general_loss"].open
    assert found["general"].spec()["least"] == 0.1 and "least" not in found["loss"].spec()
    apart = {panel.id: panel for panel in panels(["loss", "eval_general_perplexity"], split=True)}
    assert apart["general:general_perplexity"].spec()["least"] == 0.1

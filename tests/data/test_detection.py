"""Each known shape is told from rows alone, and its rows become the examples a trainer takes."""

import json

import pytest

from ftwidgets.data.detection import detect, usable_for
from ftwidgets.data.examples import example_of
from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.errors import FtwidgetsError

U, A, S = "user", "assistant", "system"


def said(*turns):
    return [{"role": role, "content": content} for role, content in turns]


PAIR = {"prompt": said((U, "q1")), "chosen": said((A, "good")), "rejected": said((A, "bad"))}
SYSTEM_PAIR = {**PAIR, "prompt": said((S, "be kind"), (U, "q1"))}

# rows, shape, kind, example
CASES = {
    "alpaca": (
        {"instruction": "Add", "input": "1 2", "output": "3"},
        ("alpaca", "chat", {"messages": said((U, "Add\n\n1 2"), (A, "3"))}),
    ),
    "alpaca with system and history": (
        {"instruction": "Q2", "output": "A2", "system": "S", "history": [["Q1", "A1"]]},
        ("alpaca", "chat", {"messages": said((S, "S"), (U, "Q1"), (A, "A1"), (U, "Q2"), (A, "A2"))}),
    ),
    "alpaca in Chinese": (
        {"指令": "翻译", "输入": "你好", "输出": "hello"},
        ("alpaca", "chat", {"messages": said((U, "翻译\n\n你好"), (A, "hello"))}),
    ),
    "dolly": (
        {"instruction": "Who?", "context": "Ada", "response": "She", "category": "qa"},
        ("alpaca", "chat", {"messages": said((U, "Who?\n\nAda"), (A, "She"))}),
    ),
    "prompt and completion": (
        {"prompt": "Why?", "completion": "Because."},
        ("prompt_completion", "chat", {"messages": said((U, "Why?"), (A, "Because."))}),
    ),
    "continuation": (
        {"prompt": "The sky is", "completion": " blue."},
        ("prompt_completion", "chat", {"prompt": "The sky is", "completion": " blue."}),
    ),
    "rendered already": (
        {"prompt": "<|im_start|>user\nHi<|im_end|>", "completion": "Hello"},
        ("prompt_completion", "chat", {"prompt": "<|im_start|>user\nHi<|im_end|>", "completion": "Hello"}),
    ),
    "prompt and completion as chat": (
        {"prompt": said((U, "Why?")), "completion": said((A, "So."))},
        ("prompt_completion", "chat", {"messages": said((U, "Why?"), (A, "So."))}),
    ),
    "questions in Chinese": (
        {"问题": "天为什么蓝？", "回答": "因为散射。"},
        ("prompt_completion", "chat", {"messages": said((U, "天为什么蓝？"), (A, "因为散射。"))}),
    ),
    "openai": (
        {"messages": said((S, "s"), (U, "q"), (A, "a"))},
        ("messages", "chat", {"messages": said((S, "s"), (U, "q"), (A, "a"))}),
    ),
    "content in parts": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "q"}]},
                {"role": "assistant", "content": "a"},
            ]
        },
        ("messages", "chat", {"messages": said((U, "q"), (A, "a"))}),
    ),
    "sharegpt": (
        {
            "conversations": [
                {"from": "human", "value": "q"},
                {"from": "function_call", "value": "f(1)"},
                {"from": "observation", "value": "2"},
                {"from": "gpt", "value": "a"},
            ],
            "system": "s",
        },
        ("messages", "chat", {"messages": said((S, "s"), (U, "q"), (A, "f(1)"), ("tool", "2"), (A, "a"))}),
    ),
    "chat under another name": (
        {"id": 3, "对话": [{"角色": "用户", "内容": "问"}, {"角色": "助手", "内容": "答"}]},
        ("messages", "chat", {"messages": said((U, "问"), (A, "答"))}),
    ),
    "chat as JSON text": (
        {"messages": json.dumps(said((U, "q"), (A, "a")))},
        ("messages", "chat", {"messages": said((U, "q"), (A, "a"))}),
    ),
    "transcript": (
        {"text": "\n\nHuman: q\n\nAssistant: a"},
        ("transcript", "chat", {"messages": said((U, "q"), (A, "a"))}),
    ),
    "preference of strings": ({"prompt": "q1", "chosen": "good", "rejected": "bad"}, ("preference", "pairs", PAIR)),
    "preference with system": (
        {"system": "be kind", "question": "q1", "chosen": "good", "rejected": "bad"},
        ("preference", "pairs", SYSTEM_PAIR),
    ),
    "preference in Chinese": ({"提示": "q1", "更好的回答": "good", "更差的回答": "bad"}, ("preference", "pairs", PAIR)),
    "preference as chat": (PAIR, ("preference", "pairs", PAIR)),
    "preference of whole conversations": (
        {
            "prompt": "q1",
            "chosen": said((U, "q1"), (A, "good")),
            "rejected": said((U, "q1"), (A, "bad")),
            "score_chosen": 8.0,
        },
        ("preference", "pairs", PAIR),
    ),
    "implicit prompt as chat": (
        {
            "chosen": said((S, "be kind"), (U, "q1"), (A, "good")),
            "rejected": said((S, "be kind"), (U, "q1"), (A, "bad")),
        },
        ("preference", "pairs", SYSTEM_PAIR),
    ),
    "implicit prompt as text": (
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        ("preference", "pairs", {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}),
    ),
    "sharegpt pairs": (
        {
            "conversations": [{"from": "system", "value": "be kind"}, {"from": "human", "value": "q1"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
        ("preference", "pairs", SYSTEM_PAIR),
    ),
    "openai preference": (
        {
            "input": {"messages": said((U, "q1")), "tools": []},
            "preferred_output": said((A, "good")),
            "non_preferred_output": said((A, "bad")),
        },
        ("preference", "pairs", PAIR),
    ),
    "hh": (
        {"chosen": "\n\nHuman: q1\n\nAssistant: good", "rejected": "\n\nHuman: q1\n\nAssistant: bad"},
        ("transcript_pairs", "pairs", PAIR),
    ),
    "hh with a prompt": (
        {"prompt": "\n\nHuman: q1\n\nAssistant:", "chosen": "good", "rejected": "bad"},
        ("preference", "pairs", PAIR),
    ),
    "winner": (
        {"prompt": "q1", "response_a": "bad", "response_b": "good", "winner": "B"},
        ("choice", "pairs", PAIR),
    ),
    "better response id": (
        {"prompt": "q1", "response_0": "good", "response_1": "bad", "better_response_id": 0},
        ("choice", "pairs", PAIR),
    ),
    "ultrafeedback": (
        {
            "instruction": "q1",
            "completions": [
                {"response": "bad", "overall_score": 2.0, "model": "m"},
                {"response": "middling", "overall_score": 5.0, "model": "m"},
                {"response": "good", "overall_score": 8.5, "model": "m"},
            ],
        },
        ("ranked", "pairs", PAIR),
    ),
    "scores beside": (
        {"prompt": "q1", "responses": ["bad", "good"], "scores": [0.1, 0.9]},
        ("ranked", "pairs", PAIR),
    ),
    "nectar's ranks": (
        {"prompt": "q1", "answers": [{"answer": "good", "rank": 1}, {"answer": "bad", "rank": 2}]},
        ("ranked", "pairs", PAIR),
    ),
    "text": ({"text": "Once upon a time."}, ("text", "text", {"text": "Once upon a time."})),
    "text under another name": ({"文本": "从前。"}, ("text", "text", {"text": "从前。"})),
    "prompts": ({"prompt": "Tell me."}, ("prompts", "prompts", {"prompt": said((U, "Tell me."))})),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shape_is_told_from_its_rows(name):
    row, (shape, kind, example) = CASES[name]
    source = source_of_object([row, row])
    found = detect(source)
    assert found.shape == shape, found.explain()
    assert found.confidence == 1.0
    assert kind in found.kinds
    first = next(iter(source.rows()))
    assert example_of(found.mapping.read(first), kind, found.mapping.form, 0) == {"row_id": 0, **example}


def test_the_evidence_names_columns_speakers_and_turns():
    row = CASES["sharegpt pairs"][0]
    text = detect(source_of_object([row] * 4)).explain()
    assert "conversations is the prompt" in text
    assert "from/value; system 4, human 4" in text
    assert "4 of 4 rows begin with a system turn" in text
    assert "4 of 4 rows looked at fit" in text


def test_kto_rows_serve_pairs_only_where_prompts_match():
    rows = [
        {"prompt": "q1", "completion": "good", "label": True},
        {"prompt": "q2", "completion": "bad", "label": False},
    ]
    apart = detect(source_of_object(rows))
    assert (apart.shape, apart.kinds) == ("labelled", ("chat", "prompts"))
    assert usable_for(apart, "sft")[0]
    usable, reason, way_out = usable_for(apart, "dpo")
    assert not usable and "both a good and a bad answer" in reason and "SFT" in way_out
    rows.append({"prompt": "q1", "completion": "bad", "label": False})
    found = detect(source_of_object(rows))
    assert "pairs" in found.kinds
    assert "to pair with: 1 of 3 answers looked at" in found.explain()
    rows.append({"prompt": "q2", "completion": "good", "label": True})
    assert "left out" not in detect(source_of_object(rows)).explain()


def test_unknown_columns_are_named_with_a_way_to_map_them():
    found = detect(source_of_object([{"alpha": 1, "beta": 2.5}]))
    assert found.shape is None and found.methods == ()
    text = found.explain()
    assert "alpha, beta" in text and 'mapping={"shape": "preference"' in text


def test_conversations_without_answers_are_prompts():
    found = detect(source_of_object([{"messages": said((U, "Tell me."))}]))
    assert found.kinds == ("prompts",) and found.methods == ("ppo",)


def test_a_conversation_without_an_answer_among_answered_ones_is_named():
    rows = [{"messages": said((U, "Hi"), (A, "Hello"))}] * 3 + [{"messages": said((U, "Tell me."))}]
    found = detect(source_of_object(rows))
    assert found.kinds == ("chat", "prompts") and found.confidence == 3 / 4
    assert "3 of 4 rows looked at fit" in found.evidence
    assert [str(problem) for problem in found.problems] == [
        "row 3: The row has no answer to learn from. Remove the row."
    ]


def test_what_is_odd_about_rows_that_fit_is_named():
    row = {"messages": said((U, "Hi"), (A, "Hello"), (U, "And?"))}
    found = detect(source_of_object([row]))
    assert found.confidence == 1 and found.problems[0].row == 0
    assert "ends with a turn of the user" in found.problems[0].message and found.problems[0].suggestion


def test_conversations_of_which_few_are_answered_still_serve_as_prompts():
    rows = [{"messages": said((U, "Tell me."))}] * 3 + [{"messages": said((U, "Hi"), (A, "Hello"))}]
    found = detect(source_of_object(rows))
    assert found.kinds == ("chat", "prompts") and found.confidence == 1
    assert "3 of 4 rows have no answer, so they serve as prompts only" in found.evidence


def test_the_rule_by_which_rows_become_pairs_is_stated():
    rows = [{"prompt": "q", "answers": ["a", "b", "c"], "scores": [1, 3, 2]}]
    assert any("paired with its worst" in line for line in detect(source_of_object(rows)).evidence)
    mapping = {"shape": "ranked", "prompt": "prompt", "answers": "answers", "scores": "scores", "rule": "best_random"}
    by_chance = detect(source_of_object(rows), mapping)
    assert any("one of its lower ones" in line for line in by_chance.evidence)
    assert "one of its lower ones" in usable_for(by_chance, "dpo")[1]
    kto = [{"prompt": "q", "completion": word, "label": good} for word, good in (("yes", True), ("no", False))]
    assert any("in the order in which they come" in line for line in detect(source_of_object(kto)).evidence)


def test_no_rows_is_an_error():
    with pytest.raises(FtwidgetsError, match="empty"):
        detect(source_of_object([]))


@pytest.mark.parametrize(
    ("row", "method", "usable", "hint"),
    [
        (CASES["preference of strings"][0], "sft", True, ""),
        (CASES["preference of strings"][0], "ppo", True, ""),
        (CASES["openai"][0], "dpo", False, "SFT"),
        (CASES["openai"][0], "pretrain", False, "kind"),
        (CASES["text"][0], "sft", False, "pre-training"),
        (CASES["text"][0], "pretrain", True, ""),
        (CASES["prompts"][0], "dpo", False, "PPO"),
    ],
)
def test_what_a_shape_can_be_used_for(row, method, usable, hint):
    found, reason, way_out = usable_for(detect(source_of_object([row])), method)
    assert found is usable and hint in way_out and reason

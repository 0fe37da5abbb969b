"""The names under which people keep the same thing, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = {
    "instruction": ("instruction", "指令", "任务"),
    "input": ("input", "context", "inputs", "输入", "上下文", "补充"),
    "output": ("output", "response", "answer", "completion", "target", "输出", "回答", "答案", "回复", "响应"),
    "history": ("history", "历史", "历史对话"),
    "system": ("system", "system_prompt", "system_message", "系统", "系统提示", "系统提示词"),
    "prompt": (
        "prompt", "question", "query", "instruction", "input", "user", "human", "prompts", "user_input", "context",
        "conversations", "conversation", "messages", "history", "problem", "request",
        "问题", "提问", "提示", "提示词", "指令", "输入", "用户", "题目", "对话",
    ),
    "completion": (
        "completion", "response", "answer", "output", "assistant", "reply", "target", "solution", "generated_text",
        "回答", "答案", "输出", "回复", "响应", "助手", "解答",
    ),
    "chosen": (
        "chosen", "preferred", "preferred_output", "accepted", "good", "better", "winner", "win", "best",
        "positive", "response_chosen", "chosen_response", "chosen_answer", "answer_chosen", "preferred_response",
        "better_response", "good_response", "good_answer", "better_answer", "accepted_answer",
        "优选", "更好", "较好", "好的回答", "更好的回答", "较优回答",
        "选中", "接受", "接受的回答", "正例", "优质回答", "好回答", "偏好回答",
    ),
    "rejected": (
        "rejected", "dispreferred", "non_preferred_output", "refused", "bad", "worse", "loser", "lose", "worst",
        "negative", "response_rejected", "rejected_response", "rejected_answer", "answer_rejected",
        "dispreferred_response", "worse_response", "bad_response", "bad_answer", "worse_answer",
        "拒绝", "较差", "更差", "差的回答", "更差的回答", "较差回答",
        "被拒绝", "拒绝的回答", "反例", "负例", "劣质回答", "坏回答", "差回答",
    ),
    "messages": (
        "messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "dialogs",
        "对话", "会话", "消息", "聊天",
    ),
    "first": (
        "response_a", "answer_a", "response_0", "response_1", "answer_0", "answer_1", "output_a", "output_1",
        "completion_a", "conversation_a", "response1", "answer1", "completion_1", "回答1", "回答a", "回答_a", "回答甲",
    ),
    "second": (
        "response_b", "answer_b", "response_1", "response_2", "answer_1", "answer_2", "output_b", "output_2",
        "completion_b", "conversation_b", "response2", "answer2", "completion_2", "回答2", "回答b", "回答_b", "回答乙",
    ),
    "winner": (
        "winner", "preference", "better", "preferred", "better_response_id", "choice", "label", "better_response",
        "胜者", "偏好", "更好", "选择",
    ),
    "answers": (
        "completions", "responses", "answers", "outputs", "candidates", "generations", "replies", "回答列表", "候选",
        "候选回答", "回答",
    ),
    "scores": (
        "scores", "ratings", "rewards", "rank", "ranks", "ranking", "rankings", "score", "rating",
        "得分", "分数", "评分", "排名", "名次",
    ),
    "label": ("label", "labels", "kto_tag", "is_good", "good", "desirable", "feedback", "标签", "是否好", "评价"),
    "text": ("text", "content", "document", "body", "raw_content", "passage", "文本", "正文", "内容", "文章"),
}  # fmt: skip

# inside one answer of a list of answers
ANSWER_FIELDS = ("response", "answer", "text", "content", "completion", "output", "generated_text", "回答", "内容")
SCORE_FIELDS = (
    "overall_score", "score", "rating", "reward", "rank", "fine-grained_score", "quality",
    "得分", "评分", "分数", "排名",
)  # fmt: skip


def plain(name: str) -> str:
    """A column's name in small letters with ``_`` between words."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def find(role: str, columns: Iterable[str], taken: Iterable[str] = ()) -> str | None:
    """The column whose name is the likeliest for a role, if any."""
    free = {plain(column): column for column in columns if column not in set(taken)}
    return next((free[alias] for alias in _NAMES[role] if alias in free), None)


def matches(role: str, columns: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """All columns that could play a role by name, likeliest first."""
    free = {plain(column): column for column in columns if column not in set(taken)}
    return [free[alias] for alias in _NAMES[role] if alias in free]

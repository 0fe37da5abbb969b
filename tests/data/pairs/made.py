"""Small pairs for the tests beside this file."""

from typing import Any

REPLY = "Boil the eggs for seven minutes, then cool them in ice water."
OTHER = "Eggs are laid by hens."


def strings(*rows: tuple[str, str, str], **columns: list[Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"prompt": p, "chosen": c, "rejected": r} for p, c, r in rows]
    for name, values in columns.items():
        for row, value in zip(made, values, strict=True):
            row[name] = value
    return made


def chat(*rows: tuple[str, str, str]) -> list[dict[str, Any]]:
    def turn(role: str, text: str) -> list[dict[str, str]]:
        return [{"role": role, "content": text}]

    return [
        {"prompt": turn("user", p), "chosen": turn("assistant", c), "rejected": turn("assistant", r)}
        for p, c, r in rows
    ]

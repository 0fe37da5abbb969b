"""A text that everything a regular expression matches must hold: looking for it first leaves few texts to match."""

import re

_LEAST = 3  # characters: shorter ones stand in too many texts
_PLAIN = re.compile(r"[A-Za-z0-9 ,;:'\"!@%&=<>/_~`-]")
_QUANTIFIERS = "*+?{"
# Rust's (?i) also takes "ſ" (U+017F) for an s and the Kelvin sign (U+212A) for a k, which a search of bytes does not.
_TWO_FORMS = "kKsS"


def required_literal(pattern: str) -> str | None:
    """The longest plain ASCII text outside groups that stands in every match of `pattern` (Rust's regex, ignoring
    case); None where there is none for certain.

    What stands in a group or a class, before a quantifier, or beside an alternative, is not counted on.
    """
    if "|" in pattern or "(?" in pattern:
        return None
    runs, run, depth, at = [""], "", 0, 0
    while at < len(pattern):
        sign, size = pattern[at], 1
        if sign == "\\":
            if pattern[at + 1 : at + 2] in ("", *"pPxuUQE"):  # \p{..}, \x41: what belongs to them is not looked into
                return None
            size = 2
        elif sign == "[":
            return None
        depth += (sign == "(") - (sign == ")")
        follows = pattern[at + size : at + size + 1]
        certain = depth == 0 and _PLAIN.fullmatch(sign) and sign not in _TWO_FORMS
        if certain and (not follows or follows not in _QUANTIFIERS):
            run += sign
        else:
            runs.append(run)
            run = ""
        if sign == "{":  # a count: {2,5}
            size = pattern.find("}", at) - at + 1
            if size <= 0:
                return None
        at += size
    longest = max([*runs, run], key=len)
    return longest if len(longest) >= _LEAST else None


def caseless_part(text: str) -> str | None:
    """The longest part of an ASCII text that has no letters: it can be looked for byte by byte."""
    longest = max(re.split(r"[A-Za-z]+", text), key=len)
    return longest if _LEAST <= len(longest) < len(text) else None

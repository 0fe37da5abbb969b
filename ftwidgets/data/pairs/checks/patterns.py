"""Regular expressions (RE2) for what should not stand in an answer."""

_CANNOT = r"(?:can(?:no|['’])?t|can not|unable|not able|won['’]t|will not|not comfortable|not appropriate|must decline)"
_HELP = (
    r"(?:help|assist|provid|answer|fulfil|comply|creat|writ|generat|discuss|engag|participat|support|shar|giv|offer|"
    r"condon|continu|do that|do this|recommend)"
)

# Looked for at the beginning of an answer. "I'm sorry to hear that ..." alone is no refusal.
REFUSAL = (
    r"(?is)^[\s\W]{0,8}(?:"
    r"(?:i['’]?m|i am|my|i|we|unfortunately|sorry)\b.{0,12}\b(?:sorry|apolog|regret|afraid|unfortunately)\w*\b"
    rf".{{0,60}}?\b{_CANNOT}\b"
    rf"|(?:sorry|apologies|unfortunately)\b.{{0,60}}?\b{_CANNOT}\b"
    rf"|i(?: am|['’]m)? ?{_CANNOT} .{{0,20}}?{_HELP}"
    rf"|as an? (?:ai|artificial intelligence|language model)\b.{{0,80}}?(?:{_CANNOT}|do not|don['’]t)\b"
    r"|(?:非常|很|十分|真的)?(?:抱歉|对不起|不好意思|對不起).{0,30}?(?:不能|无法|無法|不可以|没办法|沒辦法|不便|不会)"
    r"|我(?:不能|无法|無法|不可以)(?:帮|幫|提供|回答|协助|協助|满足|滿足|完成|参与|參與|生成|继续|繼續|给|給)"
    r"|作为(?:一个|一名|一款)?(?:AI|人工智能|语言模型|大模型|助手).{0,40}?(?:不能|无法|不会|没有)"
    r")"
)

# UTF-8 that was read as Latin-1 or Windows-1252, and what Chinese systems make of U+FFFD and of unset memory.
MOJIBAKE = r"Ã[\x{80}-\x{bf}€‰‡œ–„]|Â[\x{80}-\x{bf}]|â€|ï»¿|ðŸ|[à-ï][\x{80}-\x{bf}]{2}|锟斤拷|锟斤|烫烫烫|屯屯屯"
REPLACEMENT = r"\x{fffd}"
# Tab, line feed, carriage return and form feed are text; U+0085 is a line end of its own.
CONTROL = r"[\x00-\x08\x0b\x0e-\x1f\x7f]"
CONTROL_BEYOND_ASCII = r"[\x{80}-\x{84}\x{86}-\x{9f}]"

_MARKERS = (
    r"<\|(?:im_start|im_end|im_sep|endoftext|endofprompt|begin_of_text|end_of_text|eot_id|eom_id|start_header_id|"
    r"end_header_id|system|user|assistant|end|channel|message|start|return|tool_call|python_tag|pad|eos|bos)\|>",
    r"<(?:start_of_turn|end_of_turn|bos|eos|pad|unk)>",
    r"\[/?(?:INST|SYS|AVAILABLE_TOOLS|TOOL_CALLS)\]",
    r"<</?SYS>>",
    r"<｜[^｜]{1,30}｜>",
    r"###\s*(?:Response|Instruction|Input|Human|Assistant|System|User)\s*:",
    r"</s>\s*$",
    r"^\s*<s>",
    r"\{\{\s*(?:prompt|messages|instruction|input|content)\b[^}]{0,30}\}\}",
)
TEMPLATE = "(" + "|".join(_MARKERS) + ")"
# A transcript's turn marks belong in no answer; in a prompt kept as one string they may be meant.
TRANSCRIPT = r"(\n\n(?:Human|Assistant):)"

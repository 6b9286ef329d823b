"""Text in one line, and JSON, that a terminal does not obey."""

import json
import re
from typing import Any

from textrnn import cards

CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)  # would break a row, or speak to the terminal
DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))  # would turn a row around
FLAT = dict.fromkeys(CONTROLS, " ") | dict.fromkeys(DIRECTIONS)
IN_JSON = {code: f"\\u{code:04x}" for code in FLAT if code >= 0x20}
OBEYED = re.compile(f"[{re.escape(''.join(map(chr, IN_JSON)))}]")


def flat(text: str) -> str:
    """Returns `text` in one line, without what a terminal would obey: controls, and marks of the writing direction."""
    return cards.in_utf8(text).translate(FLAT)


def in_json(value: Any, **settings: Any) -> str:
    """Returns `value` as JSON that a terminal does not obey: what `flat` takes out is written as its code.

    Args:
        value: to write.
        **settings: of `json.dumps`.
    """
    text = json.dumps(value, ensure_ascii=False, **settings)
    return text.translate(IN_JSON) if OBEYED.search(text) else text

"""JSON as people write it into host.json: comments and trailing commas are tolerated, as the real host does."""

import json
import re
from typing import Any

from durable_devhost.errors import SettingsError

_STRING = r'"(?:\\.|[^"\\\n])*"'
_COMMENT = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])")


def parse_object(text: str, source: str) -> dict[str, Any]:
    """Read a JSON object; `source` names the file in the SettingsError that bad JSON raises, with line and column."""
    plain = _TRAILING_COMMA.sub(_blanked, _COMMENT.sub(_blanked, text.removeprefix("\ufeff")))
    try:
        value = json.loads(plain)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{source} is no valid JSON: line {error.lineno}, column {error.colno}: {error.msg}. Correct it there."
        ) from None
    if not isinstance(value, dict):
        raise SettingsError(f"{source} must hold a JSON object, in braces.")
    return value


def _blanked(found: re.Match[str]) -> str:
    """Keep strings; put blanks for all else, so that lines and columns stay where they were."""
    return found[1] or re.sub(r"[^\n]", " ", found[0])

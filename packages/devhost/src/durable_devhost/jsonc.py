"""JSON as people write it into host.json: as Newtonsoft accepts it, with which the real host and Core Tools read it.

Comments, trailing commas, single quotes and unquoted names are accepted.
"""

from typing import Any

from durable_devhost.dotnet.json_reader import JsonReaderError, parse
from durable_devhost.errors import SettingsError


def parse_object(text: str, source: str) -> dict[str, Any]:
    """Read a JSON object; `source` names the file in the SettingsError that bad JSON raises, with line and position."""
    try:
        value = parse(text.removeprefix("\ufeff"))
    except JsonReaderError as error:
        raise SettingsError(f"{source} is no valid JSON: {error} Correct it there.") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{source} must hold a JSON object, in braces.")
    return value

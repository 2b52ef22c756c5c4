"""The query of a request as ASP.NET reads it (`QueryStringEnumerable.cs`, `Uri.UnescapeDataString`). Pure.

Names that differ in case alone are one parameter. Bytes that are no UTF-8 stay percent-encoded, as in a path.
"""

from collections.abc import Iterator

from durable_devhost.triggers.paths import decoded_text


def query_parameters(raw: str) -> dict[str, str]:
    """The parameters by name, as the first one spells it: repeated values are joined by commas, empty ones dropped."""
    joined: dict[str, tuple[str, list[str]]] = {}
    for name, value in _pairs(raw):
        _, values = joined.setdefault(name.lower(), (name, []))
        if value:
            values.append(value)
    return {name: ",".join(values) for name, values in joined.values() if values}


def query_parameter(raw: str, wanted: str) -> str | None:
    """The value of one parameter, whose name is compared without regard to case; None where it is absent or empty."""
    return ",".join(value for name, value in _pairs(raw) if value and name.lower() == wanted.lower()) or None


def _pairs(raw: str) -> Iterator[tuple[str, str]]:
    for segment in raw.split("&"):
        if segment:
            name, _, value = segment.replace("+", " ").partition("=")
            yield decoded_text(name), decoded_text(value)

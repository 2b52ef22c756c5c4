"""The path of a blob trigger: which blobs match it, and the values of its braces for a blob's name. Pure.

The rules are those of the WebJobs SDK (`BlobPathSource.cs`, `BindingTemplateSource.cs`, `BindingTemplateToken.cs`): a
`{name}` stands for any text, also with slashes or empty, and the first of two takes as much as it can.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"(?P<escape>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<literal>[^{}]+)|(?P<lone>[{}])")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class BlobPattern:
    """The parts of a trigger's path: `container` as written, `names` those in braces in their order."""

    container: str
    names: tuple[str, ...]
    expression: re.Pattern[str]
    takes_all: bool

    @classmethod
    def parse(cls, path: str) -> "BlobPattern":
        """Parse a path; raises ValueError, in the words of the extension, for one that the real host does not index."""
        container, slash, blob = path.partition("/")
        if not container or (slash and not blob) or "\\" in container:
            raise ValueError(f"Invalid blob trigger path '{path}'. Paths must be in the format 'container/blob'.")
        if "{" in container:
            raise ValueError(f"Invalid blob trigger path '{path}'. Container paths cannot contain {{resolve}} tokens.")
        names, expression = _capturing(path)
        return cls(container, names, re.compile(expression), takes_all=not slash)

    def data(self, container: str, blob: str) -> dict[str, str] | None:
        """The value of each name in braces for this blob's name; None if the blob does not match."""
        if container.lower() != self.container.lower():
            return None
        if self.takes_all:
            return {}
        found = self.expression.fullmatch(f"{self.container}/{blob}")
        return dict(zip(self.names, found.groups(), strict=True)) if found else None


def _capturing(path: str) -> tuple[tuple[str, ...], str]:
    names: list[str] = []
    expression = ""
    for token in _TOKEN.finditer(path):
        match token.lastgroup:
            case "escape":
                expression += re.escape(token[0][0])
            case "name":
                names.append(_checked(token["name"], path))
                expression += "(.*)"
            case "literal":
                expression += re.escape(token[0])
            case _:
                missing = "closing" if token[0] == "{" else "opening"
                raise ValueError(
                    f"Invalid template '{path}'. Missing {missing} bracket at position {token.start() + 1}."
                )
    return tuple(names), expression


def _checked(name: str, path: str) -> str:
    if not name:
        raise ValueError(f"Invalid template '{path}'. The parameter name is empty.")
    if "." in name:
        raise ValueError(f"Invalid template '{path}'. Capture expressions can't include dot operators.")
    if not _NAME.fullmatch(name):
        raise ValueError(f"Invalid template '{path}'. Invalid template expression '{name}'.")
    return name

"""The repository as the rules see it: read once, changed by nobody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from checking.parsing import parse
from checking.syntax import Document

APP = ("activities", "approvals", "clients", "entities", "gateways", "orchestrators", "services")


class Unreadable(Exception):
    """A file that the checks are about is missing or broken; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Everything that is compared."""

    root: Path
    documents: Mapping[str, Document]
    """Bicep files by their path from the top."""
    texts: Mapping[str, str]
    """The app's Python files by their path from the top."""

    @classmethod
    def read(cls, root: Path) -> Self:
        """Read the files of infra/ and of the app."""
        documents = {
            name: parse(name, path.read_bytes())
            for path in sorted((root / "infra").rglob("*.bicep"))
            if (name := path.relative_to(root).as_posix())
        }
        files = [root / "function_app.py", *(path for folder in APP for path in sorted((root / folder).rglob("*.py")))]
        texts = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in files if path.is_file()}
        return cls(root=root, documents=documents, texts=texts)

    def json(self, name: str) -> dict[str, Any]:
        """Return a JSON file; raises `Unreadable`."""
        try:
            content = json.loads(self.text(name))
        except ValueError as error:
            raise Unreadable(f"{name}: is no JSON: {error}") from None
        if not isinstance(content, dict):
            raise Unreadable(f"{name}: is no JSON object")
        return content

    def text(self, name: str) -> str:
        """Return a file's text; raises `Unreadable`."""
        try:
            return (self.root / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{name}: cannot be read ({error}); the checks need it") from None

    def line_of(self, name: str, words: str) -> int:
        """Return the first line of a file in which the words stand, or 1."""
        lines = self.text(name).splitlines()
        return next((number for number, line in enumerate(lines, 1) if words in line), 1)

"""Jinja templates of letters and pages. All values are escaped for HTML."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from approvals.visible import one_line, visible
from approvals.words import wording

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment(folder: Path) -> "Environment":
    """Return the environment of a folder's templates: `.html` escapes, `.txt` does not; a missing value is an error."""
    # Imported for the first letter or page, as in pages/markdown.py: a cold start waits for every import.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=True, default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters |= {
        "moment": wording.moment,
        "short_moment": wording.short_moment,
        "visible": visible,
        "one_line": one_line,
        "excerpt": wording.excerpt,
        "size": wording.size,
    }
    return made

"""The path of a blob trigger means some blobs and not others, and its braces stand for parts of their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.model.blob_paths import BlobPattern


@pytest.mark.parametrize(
    ("pattern", "container", "blob", "data"),
    [
        ("in/{name}", "in", "plan.pdf", {"name": "plan.pdf"}),
        ("in/{name}", "in", "2026/plan.pdf", {"name": "2026/plan.pdf"}),
        ("in/{year}/{name}.pdf", "in", "2026/plan.pdf", {"year": "2026", "name": "plan"}),
        ("in/{name}.{ext}", "in", "a.b.c", {"name": "a.b", "ext": "c"}),
        ("in/{name}.{ext}", "in", ".md", {"name": "", "ext": "md"}),
        ("in/{name}.{ext}", "in", "noext", None),
        ("in/{a}-{a}", "in", "1-2", {"a": "2"}),
        ("in/{{{name}}}", "in", "{x}", {"name": "x"}),
        ("in/fixed.txt", "in", "fixed.txt", {}),
        ("in/fixed.txt", "in", "other.txt", None),
        ("in/{name}.PDF", "in", "plan.pdf", None),
        ("in/{name}", "out", "plan.pdf", None),
        ("in/a.b", "in", "axb", None),
        ("in", "in", "any/blob", {}),
        ("In/{name}", "in", "x", {"name": "x"}),
    ],
)
def test_a_path_pattern_is_matched_with_a_blob(
    pattern: str, container: str, blob: str, data: dict[str, str] | None
) -> None:
    """The first brace takes as much as it can, and may be empty."""
    assert BlobPattern.parse(pattern).data(container, blob) == data


@given(name=st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20))
def test_one_brace_matches_the_whole_name(name: str) -> None:
    """Whatever the name is."""
    assert BlobPattern.parse("in/{name}").data("in", name) == {"name": name}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "Paths must be in the format 'container/blob'"),
        ("in/", "Paths must be in the format 'container/blob'"),
        ("/blob", "Paths must be in the format 'container/blob'"),
        ("{day}/blob", "Container paths cannot contain {resolve} tokens"),
        ("in/{name", "Missing closing bracket at position 4"),
        ("in/name}", "Missing opening bracket at position 8"),
        ("in/{}", "The parameter name is empty"),
        ("in/{a.b}", "Capture expressions can't include dot operators"),
        ("in/{a-b}", "Invalid template expression 'a-b'"),
    ],
)
def test_a_path_that_the_real_host_does_not_index_is_refused(path: str, why: str) -> None:
    """In the words of the extension."""
    with pytest.raises(ValueError, match=why.replace("{", r"\{").replace("(", r"\(")):
        BlobPattern.parse(path)

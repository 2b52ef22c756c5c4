"""What an answer says that it is about, and the ETag that stands for it."""

import pytest

from approvals.about import About, with_tag, write_tag
from approvals.validation import Invalid

HASH = "ab" * 32


@pytest.mark.parametrize("form", ["{}", "  {} ", "W/{}"])
def test_a_tag_names_round_and_document(form: str) -> None:
    """Also if a proxy made it weak."""
    named = with_tag({"decision": "approve"}, form.format(write_tag(HASH, 2, 7)))
    assert named == {"decision": "approve", "round": 2, "document": HASH}


def test_a_star_names_no_document() -> None:
    """It matches any."""
    assert with_tag({"decision": "approve"}, " * ") == {"decision": "approve"}


@pytest.mark.parametrize("tag", ['"x"', "x", f'"0-{HASH}"', f'"1-{HASH}", "2-{HASH}"', '""', "x" * 300])
def test_an_invalid_tag_names_a_document_that_no_proposal_has(tag: str) -> None:
    """So nothing is recorded by it."""
    named = with_tag({}, tag)
    assert set(named) == {"document"}
    assert named["document"] != HASH
    assert About.from_dict(named).names_document


def test_body_and_tag_must_agree() -> None:
    """A null in the body counts as missing."""
    tag = write_tag(HASH, 2, 7)
    assert with_tag({"round": 2, "document": None}, tag) == {"round": 2, "document": HASH}
    with pytest.raises(Invalid, match=r"^round: differs from If-Match"):
        with_tag({"round": 1}, tag)
    with pytest.raises(Invalid, match=r"^document: differs from If-Match"):
        with_tag({"document": "cd" * 32}, tag)


@pytest.mark.parametrize("wrong", [{"round": 0}, {"round": "1"}, {"round": True}, {"document": ""}, {"document": 1}])
def test_an_invalid_document_or_round_is_a_fault(wrong: dict[str, object]) -> None:
    """With the field's name."""
    with pytest.raises(Invalid, match=rf"^{next(iter(wrong))}:"):
        About.from_dict(wrong)


def test_document_and_round_may_both_be_missing() -> None:
    """The rules of the review say whether that is enough."""
    assert not About.from_dict({}).names_document
    assert About.from_dict({"round": 1}).names_document

"""The versions of a document, and what changed between them."""

from approvals.rules.versions import Rewritten, find_version, versions
from tests.approvals.rules.begun import begun
from tests.approvals.story import AUTHOR, Story, policy


def revised() -> Story:
    """A proposal whose author has replaced a file, added one, and changed its words."""
    story = begun()
    story.attaches("offer.md", "v2")
    story.check()
    story.does("changes", approver="Mara", comment="Use oak.", document=story.review.document)
    story.attaches("plan.md", "p1")
    story.does("resubmit", by=AUTHOR, title="Oak bench", cost=120.0)
    return story.check()


def test_each_change_of_the_document_makes_a_version():
    """With added, replaced and rewritten parts, compared with the one before."""
    found = versions(revised().entries)
    assert [each.number for each in found] == [1, 2, 3, 4, 5]
    assert [each.round for each in found] == [1, 1, 2, 3, 3]
    assert [[each.name for each in one.added] for one in found] == [[], ["offer.md"], [], ["plan.md"], []]
    ((before, after),) = found[2].replaced
    assert (before.sha256, after.sha256) == ("v1", "v2")
    assert found[4].rewritten == (
        Rewritten(name="title", before="Bench", after="Oak bench"),
        Rewritten(name="cost", before=100.0, after=120.0),
    )
    assert (found[4].title, found[0].title) == ("Oak bench", "Bench")
    assert found[-1].document == revised().review.document


def test_a_resubmission_without_a_change_makes_no_version():
    """The document is the same."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.does("changes", approver="Mara", comment="Use oak.")
    story.does("resubmit", by=AUTHOR)
    assert len(versions(story.entries)) == 1


def test_a_version_is_found_by_number_or_by_round():
    """A round means its last document, which may come from an earlier round."""
    found = versions(revised().entries)
    assert find_version(found) == found[-1]
    assert find_version(found, number=2) == found[1]
    assert find_version(found, number=9) is None
    assert find_version(found, round=1) == found[1]
    assert find_version(found, round=2) == found[2]
    assert find_version(found, round=0) is None


def test_a_file_is_found_in_either_unicode_form():
    """Browsers and file systems write é in two ways."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.attaches("re\u0301sume\u0301.md", "v1")
    (*_, last) = versions(story.entries)
    assert last.file("r\u00e9sum\u00e9.md") == last.attachments[0]
    assert last.file("plan.md") is None

"""What an entry of a record tells, for whoever shows it."""

from dataclasses import replace

import pytest

from approvals.record.entries import Kind
from approvals.words import story
from tests.greenlight.eventful import eventful, file_fields
from tests.greenlight.played import Played


@pytest.fixture(scope="module")
def played():
    """Four proposals in which everything happens that can happen."""
    return eventful()


def entry_of(played, kind, number=0):
    """Return the n-th entry of a kind."""
    return [each for each in played.entries if each.kind is Kind(kind)][number]


def told(played, kind, number=0):
    """Return what it tells: what was done, and what came with it that is not empty."""
    entry = entry_of(played, kind, number)
    what, details = story.tell(entry, entry.by, lambda when: f"{when:%d %B %H:%M}")
    return what, tuple(each for each in details if each)


@pytest.mark.parametrize(
    ("who", "kind", "what", "details"),
    [
        ("bridge", "submitted", "hands it in", ("under the policy footbridge", "site-plan.png (41.2 KB)")),
        (
            "bridge",
            "checked",
            "the checks are done",
            ("warnings", "stages: design → works → budget", "1 early yes came before that: asked again"),
        ),
        ("bridge", "decided", "approves", ("before being asked",)),
        ("bridge", "commentsSent", "1 comment is sent on", ()),
        ("bridge", "commented", "comments", ("“The price\noffer ends on Friday.”",)),
        ("bridge", "delegated", "lets Sami Virtanen answer", ()),
        ("bridge", "reassigned", "gives the task of Jonas Weber to Ruth Adeyemi", ()),
        ("bridge", "reminded", "design: reminds Sami Virtanen, Ruth Adeyemi and Amara Okafor", ()),
        ("bridge", "stageClosed", "design: approved", ()),
        ("bridge", "ended", "the end: approved", ("decided by Helen Okoro",)),
        ("lane", "attached", "adds plan.md (820 bytes)", ()),
        ("lane", "decided", "answers “approve with conditions” in traffic", ()),
        ("avenue", "withdrawn", "withdraws it", ("“A water main.”",)),
        ("avenue", "ended", "the end: withdrawn", ()),
    ],
)
def test_each_entry_has_a_sentence(played, who, kind, what, details):
    """For readers who were not involved."""
    assert told(played[who], kind) == (what, details)


def test_a_stage_entry_says_whom_it_asks_and_until_when(played):
    """A delegate is shown with the owner."""
    what, details = told(played["bridge"], "stageOpened")
    assert what == "design: asks Mara Lindqvist, Jonas Weber and Amara Okafor"
    assert details[0].startswith("until ")
    assert "1 early answer counts" in told(played["bridge"], "stageOpened", 1)[1]


def test_an_escalation_entry_says_who_did_not_answer(played):
    """That is its reason."""
    what, details = told(played["lights"], "escalated")
    assert what == "market: escalated to Sami Virtanen"
    assert details[0] == "no answer from Ruth Adeyemi"


def test_a_request_for_changes_says_what_to_change_and_until_when(played):
    """The author has that much time."""
    what, details = told(played["lane"], "changesRequested")
    assert what == "asks for changes"
    assert details[0] == "“Keep two spaces.”"
    assert details[1].startswith("until ")


def test_a_changed_document_says_what_it_means_for_answers(played):
    """People who approved wonder why they are asked again."""
    _, details = told(played["lane"], "resubmitted")
    assert details[0] == "changed: cost"
    assert "void" in details[1]


def test_a_changed_file_says_what_it_means_for_answers():
    """They are void, or the policy keeps them."""
    lane = Played("cycle-lane").checked().do("attach", by="Ines Carvalho", **file_fields("plan.md"))
    assert told(lane, "attached")[1] == ("the document has changed: earlier approvals are void",)
    kept = replace(entry_of(lane, "attached"), answers_kept=True)
    assert story.tell(kept, kept.by, str)[1] == ("the policy keeps answers over this change",)


def test_a_taken_back_task_and_a_note_after_the_end_have_their_own_words():
    """Their kinds usually mean something else."""
    lane = Played("cycle-lane").checked().do("delegate", **{"from": "Leila Haddad", "to": "Ana"})
    lane.do("takeBack", by="Leila Haddad", comment="Back.").do("withdraw", by="Ines Carvalho")
    lane.do("comments", by="Leila Haddad", comment="Pity.")
    assert told(lane, "delegated", 1)[0] == "takes the task back from Ana"
    assert told(lane, "commented")[0] == "adds a note after the end"


@pytest.mark.parametrize(
    ("who", "kind", "mood"),
    [
        ("bridge", "decided", "good"),
        ("bridge", "ended", "good"),
        ("lights", "ended", "bad"),
        ("avenue", "withdrawn", "bad"),
        ("lights", "escalated", "late"),
        ("lights", "stageOpened", "ask"),
        ("bridge", "commented", "plain"),
    ],
)
def test_the_mood_of_an_entry_marks_what_matters(played, who, kind, mood):
    """Colours follow it."""
    assert story.mood_of(entry_of(played[who], kind)) == mood


def test_an_entry_says_through_which_way_a_person_acted():
    """A timeout and the workflow are nobody; a signed-in person needs no addition."""
    assert (story.doer("Ana", "link"), story.identification("link")) == ("Ana", "by link")
    assert (story.doer("Ana", "person"), story.identification("person")) == ("Ana", "")
    assert (story.doer("Greenlight", "clock"), story.identification("clock")) == ("", "")

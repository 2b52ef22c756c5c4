"""What the entries of a record tell."""

import pytest

from approvals.record.entries import Kind, Via
from greenlight.story import tell
from tests.greenlight.played import PLAN, Played


@pytest.fixture(scope="module")
def eventful():
    """Four proposals in which everything happens that can happen."""
    bridge = Played("footbridge", files=(PLAN,))
    bridge.do("decisions", approver="Jonas Weber", decision="approve").checked("warnings")
    bridge.do("decisions", approver="Piotr Nowak", decision="approve", comment="Ready.")
    bridge.do("comments", by="Ines Carvalho", comment="The price\noffer ends on Friday.")
    bridge.wait(minutes=-5).do("comments", by="Mara Lindqvist", comment="I see.").wait(minutes=5)
    bridge.do("delegate", **{"from": "Mara Lindqvist", "to": "Sami Virtanen"})
    bridge.do("reassign", **{"from": "Jonas Weber", "to": "Ruth Adeyemi", "by": "Jonas Weber"})
    bridge.wait(hours=49).do("decisions", approver="Sami Virtanen", decision="approve")
    bridge.do("decisions", via=Via.LINK, approver="Amara Okafor", decision="approve")
    bridge.do("decisions", approver="Helen Okoro", decision="approve")
    lane = Played("cycle-lane").checked().do("changes", approver="Leila Haddad", comment="Keep two spaces.")
    lane.do("attach", by="Ines Carvalho", **_file("plan.md")).do("resubmit", by="Ines Carvalho", cost=53000).checked()
    lane.do("decisions", approver="Leila Haddad", decision="approve with conditions", round=2)
    lights = Played("market-lights").checked().wait(hours=49).wait(hours=25)
    avenue = Played("tree-avenue").checked().do("withdraw", by="Tomasz Zielinski", reason="A water main.")
    return {"bridge": bridge, "lane": lane, "lights": lights, "avenue": avenue}


def _file(name):
    return {"name": name, "blob": "b/2", "contentType": "text/markdown", "size": 820, "sha256": "cd" * 32}


def told(played, kind, number=0):
    """What the n-th entry of a kind tells."""
    found = [event for raw, event in zip(played.raw, tell(played.raw), strict=True) if raw["kind"] == kind]
    return found[number]


def test_everything_that_can_happen_is_told(eventful):
    """A kind of entry that nobody has words for would be told by its name."""
    happened = {entry["kind"] for played in eventful.values() for entry in played.raw}
    assert happened == set(Kind)
    for played in eventful.values():
        assert [event.what for event in tell(played.raw) if event.what in set(Kind)] == []


@pytest.mark.parametrize(
    ("who", "kind", "what", "details"),
    [
        ("bridge", "submitted", "hands it in", ("under the policy footbridge", "site-plan.png (41.2 KB)")),
        (
            "bridge",
            "checked",
            "the checks are through",
            ("warnings", "stages: design → works → budget", "1 early yes came before that: asked again"),
        ),
        ("bridge", "decided", "approves", ("before being asked",)),
        ("bridge", "commentsSent", "1 comment is sent on", ()),
        ("bridge", "commented", "comments", ("“The price offer ends on Friday.”",)),
        ("bridge", "delegated", "lets Sami Virtanen answer", ()),
        ("bridge", "reassigned", "gives the task of Jonas Weber to Ruth Adeyemi", ()),
        ("bridge", "reminded", "design: reminds Sami Virtanen, Ruth Adeyemi and Amara Okafor", ()),
        ("bridge", "stageClosed", "design: approved", ()),
        ("bridge", "ended", "the end: approved", ("decided by Helen Okoro",)),
        ("lane", "attached", "adds plan.md (820 bytes)", ()),
        ("lane", "decided", "answers “approve with conditions” in traffic", ()),
        ("avenue", "withdrawn", "withdraws it", ("“A water main.”",)),
    ],
)
def test_an_entry_is_told_in_words(eventful, who, kind, what, details):
    """Who reads it was not there."""
    event = told(eventful[who], kind)
    assert (event.what, event.details) == (what, details)


def test_a_stage_says_whom_it_asks_and_until_when(eventful):
    """Those who were delegated to with whom they stand in for."""
    opened = told(eventful["bridge"], "stageOpened")
    assert opened.what == "design: asks Mara Lindqvist, Jonas Weber and Amara Okafor"
    assert opened.details[0].startswith("until ")
    assert "1 early answer counts" in told(eventful["bridge"], "stageOpened", 1).details


def test_an_escalation_says_who_did_not_answer(eventful):
    """That is why it came to somebody else."""
    event = told(eventful["lights"], "escalated")
    assert event.what == "market: escalated to Sami Virtanen"
    assert event.details[0] == "no answer from Ruth Adeyemi"


def test_a_changed_document_says_what_that_means(eventful):
    """Whoever had approved wonders why they are asked again."""
    details = told(eventful["lane"], "resubmitted").details
    assert details[0] == "changed: cost"
    assert "void" in details[1]


def test_a_file_in_the_middle_says_what_it_means_for_answers():
    """They are void, or the policy keeps them."""
    lane = Played("cycle-lane").checked().do("attach", by="Ines Carvalho", **_file("plan.md"))
    assert told(lane, "attached").details == ("the document has changed: earlier approvals are void",)
    entry = {**lane.raw[-1], "data": {**lane.raw[-1]["data"], "answersKept": True}}
    assert tell([entry])[0].details == ("the policy keeps answers over this change",)


def test_a_task_that_is_taken_back_and_a_note_after_the_end_are_called_so():
    """They are entries of kinds that mean something else mostly."""
    lane = Played("cycle-lane").checked().do("delegate", **{"from": "Leila Haddad", "to": "Ana"})
    lane.do("takeBack", by="Leila Haddad", comment="Back.").do("withdraw", by="Ines Carvalho")
    lane.do("comments", by="Leila Haddad", comment="Pity.")
    assert told(lane, "delegated", 1).what == "takes the task back from Ana"
    assert told(lane, "commented").what == "adds a note after the end"


def test_who_did_it_and_how_we_know_stands_beside_it(eventful):
    """Time and the workflow are nobody."""
    events = {event.number: event for event in tell(eventful["bridge"].raw)}
    assert [event.way for event in events.values() if event.who == "Amara Okafor"] == ["by link"]
    assert told(eventful["bridge"], "decided", 1).details == ("before being asked", "“Ready.”")
    assert told(eventful["bridge"], "decided", 2).details == ("for Mara Lindqvist",)
    assert told(eventful["bridge"], "reminded").who == ""


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
def test_a_mood_is_what_the_eye_should_find(eventful, who, kind, mood):
    """Colours follow it."""
    assert told(eventful[who], kind).mood == mood


def test_a_kind_from_a_newer_app_is_told_by_its_name(eventful):
    """The app may be newer than the command line; also an entry without what was expected of it."""
    entry = eventful["bridge"].raw[0]
    odd = [{**entry, "kind": "audited"}, {**entry, "kind": "commented", "data": {}}]
    assert [event.what for event in tell(odd)] == ["audited", "commented"]


def test_what_a_newer_app_says_beside_it_is_passed_over(eventful):
    """What is known is told all the same."""
    entry = eventful["bridge"].raw[0]
    odd = {**entry, "kind": "commented", "via": "telephone", "data": {"comment": "Well.", "loudly": True}}
    (event,) = tell([odd])
    assert (event.what, event.details, event.way) == ("comments", ("“Well.”",), "")


def test_words_that_a_terminal_would_act_on_are_shown_instead(eventful):
    """A comment is somebody else's."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "by": "M\x1b[8m", "data": {"comment": "a\x1b[2Jb"}}])
    assert event.details == ("“a\\u001b[2Jb”",)
    assert event.who == "M\\u001b[8m"


def test_a_long_comment_is_cut(eventful):
    """The whole of it is in the record."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "data": {"comment": "word " * 200}}])
    assert len(event.details[0]) < 310
    assert event.details[0].endswith(" …")

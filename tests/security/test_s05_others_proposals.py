"""S5: people do what is theirs to do, to proposals in which they have a part, under their own name; nobody else's.

The whole matrix: who, to whose proposal, what. Each refusal leaves the record as it was. The control: a system, which
is trusted to name the right person, does the very thing that was refused.
"""

import pytest

from approvals.rules.verbs import VERBS

PLAN = {
    "stages": [
        {"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all"},
        {"name": "release", "approvers": ["Vera"], "escalateTo": ["Emil"]},
    ]
}
AUTHOR, NOW, LATER, HIGHER, STRANGER = "Ines", "Mara", "Vera", "Emil", "Nora"
PEOPLE = (AUTHOR, NOW, LATER, HIGHER, STRANGER)

BODIES = {
    "decisions": {"decision": "approve"},
    "changes": {"comment": "Use oak."},
    "comments": {"comment": "Nice."},
    "remind": {},
    "withdraw": {},
    "resubmit": {"title": "Oak"},
    "delegate": {"to": "Dora"},
    "takeBack": {},
    "reassign": {"from": "Mara", "to": "Dora"},
}
MAY = {
    "decisions": {NOW: 200, LATER: 200},
    "changes": {NOW: 200, LATER: 409},
    "comments": {AUTHOR: 200, NOW: 200, LATER: 200, HIGHER: 200},
    "remind": {AUTHOR: 200, NOW: 200, LATER: 200, HIGHER: 200},
    "withdraw": {AUTHOR: 200},
    "resubmit": {AUTHOR: 409},
    "delegate": {NOW: 200},
    "takeBack": {},
    "reassign": {NOW: 200},
}
"""What is not refused; 409 is: theirs to do, but not now. All else is 403."""

READS = ("", "/audit", "/audit?verify=true", "/attachments/note.md")


def act(fortress, proposal, verb, user=None, **more):
    """Do something as somebody and return the status."""
    return fortress.call("POST", f"/api/proposals/{proposal}/{verb}", BODIES[verb] | more, user=user).status_code


@pytest.fixture(scope="module")
def theirs(fortress):
    """A proposal in which Nora has no part; nothing in this module that is refused may change it."""
    proposal = fortress.begin(policy=PLAN)
    path = f"/api/proposals/{proposal}/attachments/note.md"
    assert fortress.call("PUT", path, b"# Note\n", user=AUTHOR).status_code == 201
    fortress.until(lambda: fortress.look(proposal)["status"] == "inReview")
    return proposal


def test_the_matrix_has_every_verb():
    """A new verb must be added here."""
    assert set(BODIES) == set(MAY) == set(VERBS)


@pytest.mark.parametrize("verb", sorted(BODIES))
def test_a_person_without_the_right_is_refused_and_nothing_changes(fortress, theirs, verb):
    """Everybody who is not in the table."""
    before = fortress.kinds(theirs)
    told = {user: act(fortress, theirs, verb, user) for user in PEOPLE if user not in MAY[verb]}
    assert set(told.values()) == {403}
    assert fortress.kinds(theirs) == before


@pytest.mark.parametrize(("verb", "user"), [(verb, user) for verb, users in MAY.items() for user in users])
def test_a_person_with_the_right_is_accepted(fortress, theirs, verb, user):
    """So the refusals above depend on the person. Comments change nothing for others, so they share a proposal."""
    proposal = theirs if verb == "comments" else fortress.begin(policy=PLAN)
    assert act(fortress, proposal, verb, user) == MAY[verb][user]


@pytest.mark.parametrize("verb", sorted(BODIES))
def test_nobody_acts_under_the_name_of_another(fortress, theirs, verb):
    """In every field for the name; 400 if one body has two names."""
    before = fortress.kinds(theirs)
    for field in ("by", "approver", "from"):
        for user, other in ((STRANGER, NOW), (AUTHOR, NOW), (NOW, AUTHOR)):
            status = act(fortress, theirs, verb, user, **{field: other})
            assert status in (400, 403), (verb, field, user, other)
    assert fortress.kinds(theirs) == before


@pytest.mark.parametrize("verb", sorted(BODIES))
def test_a_system_that_lies_is_believed(fortress, verb):
    """It is trusted to name the right person, and the record says that it was a system: this is the control."""
    proposal = fortress.begin(policy=PLAN)
    person = AUTHOR if AUTHOR in MAY[verb] else NOW
    name = {"reassign": {}, "delegate": {"from": person}}.get(
        verb, {"approver" if verb in ("decisions", "changes") else "by": person}
    )
    assert act(fortress, proposal, verb, **name) == MAY[verb].get(person, 403)
    entries = fortress.call("GET", f"/api/proposals/{proposal}/audit").json()["entries"]
    assert {entry["via"] for entry in entries} <= {"system", "workflow", "clock"}


def test_a_person_without_a_part_reads_nothing(fortress, theirs):
    """Neither the proposal nor its record nor its files; one with a part does."""
    for path in READS:
        told = {user: fortress.call("GET", f"/api/proposals/{theirs}{path}", user=user) for user in PEOPLE}
        assert {user: answer.status_code for user, answer in told.items()} == {
            AUTHOR: 200, NOW: 200, LATER: 200, HIGHER: 200, STRANGER: 403,
        }  # fmt: skip
        assert "footbridge" not in told[STRANGER].text


def test_only_the_author_adds_files(fortress, theirs):
    """Nobody else, also not under the author's name."""
    path = f"/api/proposals/{theirs}/attachments/plan.md"
    before = fortress.kinds(theirs)
    for user in PEOPLE:
        if user != AUTHOR:
            assert fortress.call("PUT", path, b"# Plan\n", user=user).status_code == 403
            assert fortress.call("PUT", f"{path}?by={AUTHOR}", b"# Plan\n", user=user).status_code == 403
    assert fortress.kinds(theirs) == before


def test_the_list_shows_only_a_persons_own_proposals(fortress, theirs):
    """With any filter, also with the page token of a system."""
    fortress.begin(policy=PLAN)
    token = fortress.call("GET", "/api/proposals?top=1").json()["continuationToken"]
    assert token
    for query in ("top=100", f"approver={NOW}", f"author={AUTHOR}", "status=inReview"):
        told = fortress.call("GET", f"/api/proposals?{query}", user=STRANGER)
        assert (told.status_code, told.json().get("proposals")) == (200, [])
    told = fortress.call("GET", f"/api/proposals?top=1&continuationToken={token}", user=STRANGER)
    assert (told.status_code, "proposals" in told.json()) == (400, False)
    mine = fortress.call("GET", "/api/proposals?top=100", user=AUTHOR).json()["proposals"]
    assert theirs in [each["proposalId"] for each in mine]


def test_nobody_submits_a_proposal_for_another(fortress):
    """The author is the signed-in person."""
    form = {"title": "Bench", "author": AUTHOR}
    assert fortress.call("POST", "/api/proposals", form, user=STRANGER).status_code == 403
    told = fortress.call("POST", "/api/proposals", {"title": "Bench"}, user=STRANGER)
    assert fortress.look(told.json()["proposalId"])["author"] == STRANGER


def test_a_file_is_read_only_through_its_own_proposal(fortress, theirs):
    """Not through another one in which the reader has a part."""
    own = fortress.begin(author=STRANGER)
    path = f"/api/proposals/{own}/attachments/note.md"
    assert fortress.call("GET", path, user=STRANGER).status_code == 404
    assert (
        fortress.call("GET", f"/api/proposals/{own}/attachments/..%2f{theirs}%2fnote.md", user=STRANGER).status_code
        == 404
    )


def test_a_person_who_delegated_can_no_longer_decide(fortress):
    """The check is at the decision, not when they were asked."""
    proposal = fortress.begin(policy=PLAN)
    assert act(fortress, proposal, "delegate", NOW) == 200
    assert act(fortress, proposal, "decisions", NOW) == 403
    assert act(fortress, proposal, "decisions", "Dora") == 200

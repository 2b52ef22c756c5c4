"""What several people were promised, through the API: nobody fills two places, and nobody decides in two stages."""

import pytest

from tests.clients.front import Front

BOARD = {
    "name": "board",
    "approvers": ["Anna", "Bert", "Carl"],
    "rule": "quorum",
    "quorum": 2,
    "escalateTo": ["Helena"],
}


@pytest.fixture(autouse=True)
def _mode(monkeypatch):
    """Believe the header, as on a developer's machine."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


async def decide(front, proposal_id, person, decision="approve"):
    """Answer, and return the status of the answer."""
    return (await front.by(person).act(proposal_id, "decisions", {"decision": decision})).status


async def test_a_quorum_of_two_needs_two_people_even_after_an_escalation(front, monkeypatch):
    """A silent approver keeps their seat, so nobody can delegate to them."""
    proposal_id = await front.begin({"title": "Bench", "author": "Ines", "policy": {"stages": [BOARD]}})
    assert await decide(front, proposal_id, "Anna", "reject") == 200
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(73 * 3600))
    await front.check(proposal_id)
    assert (await front.show(proposal_id)).body["waitingFor"] == ["Helena", "Bert", "Carl"]
    for somebody in ("Anna", "Bert"):
        told = await front.by("Helena").act(proposal_id, "delegate", {"to": somebody})
        assert (told.status, told.body["code"]) == (409, "conflict")
    assert await decide(front, proposal_id, "Bert") == 200
    assert (await front.show(proposal_id)).body["status"] == "inReview"
    assert await decide(front, proposal_id, "Helena") == 200
    shown = (await front.show(proposal_id)).body
    yes = {each["person"] for each in shown["outcome"]["answers"] if each["decision"] == "approve"}
    assert (shown["status"], yes) == ("approved", {"Bert", "Helena"})


@pytest.mark.parametrize("verb", ["delegate", "reassign"])
async def test_with_four_eyes_a_task_is_not_handed_to_a_person_who_has_decided(front, verb):
    """The refusal comes with the delegation: later it could not be passed on."""
    stages = [{"name": "one", "approvers": ["Anna"]}, {"name": "two", "approvers": ["Bert"]}]
    policy = {"stages": stages, "fourEyes": True}
    proposal_id = await front.begin({"title": "Bench", "author": "Ines", "policy": policy})
    assert await decide(front, proposal_id, "Anna") == 200
    told = await front.by("Bert").act(proposal_id, verb, {"from": "Bert", "to": "Anna"})
    assert (told.status, told.body["code"]) == (409, "conflict")
    assert await decide(front, proposal_id, "Bert") == 200


async def test_only_the_person_who_delegated_takes_back(front):
    """And not after the answer."""
    stage = {"name": "one", "approvers": ["Anna", "Bert"], "rule": "all"}
    proposal_id = await front.begin({"title": "Bench", "author": "Ines", "policy": {"stages": [stage]}})
    await front.by("Anna").act(proposal_id, "delegate", {"to": "Yuki"})
    assert (await front.by("Yuki").act(proposal_id, "takeBack")).status == 403
    assert (await front.by("Anna").act(proposal_id, "takeBack")).body["waitingFor"] == ["Anna", "Bert"]
    assert await decide(front, proposal_id, "Yuki") == 403
    await front.by("Anna").act(proposal_id, "delegate", {"to": "Yuki"})
    assert await decide(front, proposal_id, "Yuki") == 200
    assert (await front.by("Anna").act(proposal_id, "takeBack")).status == 409

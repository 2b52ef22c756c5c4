"""Previews: who would have to approve a proposal, told without handing anything in."""

import json

import pytest

from clients.web.replies import PreviewReply
from tests.clients.front import FORM, Front


@pytest.fixture
def front(client, monkeypatch):
    """The API, called by a system."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("DESIGN_BOARD", "Mara; Jonas")
    monkeypatch.setenv("HEAD_OF_DESIGN", "Petra")
    return Front(client)


async def test_a_preview_shows_the_stages_and_submits_nothing(front):
    """The same for a proposal and for a policy; another way for other findings."""
    form = {"title": "Bridge", "author": "Ines", "policy": "footbridge-works", "cost": 148500}
    posted = await front.submit(form, id="only-asked", preview="true")
    asked = await front.preview("footbridge-works", author="Ines", cost="148500")
    for told in (posted, asked):
        reply = PreviewReply.model_validate_json(json.dumps(told.body))
        assert (told.status, reply.policy, reply.policy_version) == (200, "footbridge-works", "1")
        assert [each.name for each in reply.stages] == ["technical review", "works board", "budget"]
        assert reply.stages[2].approvers == ("Tomas Novak",)
        assert reply.other_ways == ()
    (other,) = (await front.preview("security-findings", author="Ines")).body["otherWays"]
    assert [each["name"] for each in other["stages"]] == ["peer review", "security"]
    assert ["objections", "virus"] in other["findings"]
    assert (await front.show("only-asked")).status == 404
    assert front.client.instances == {}


async def test_a_preview_is_refused_like_the_proposal(front):
    """With the same faults and rights; the signed-in person is the author."""
    assert (await front.submit(preview="perhaps")).status == 400
    assert (
        (await front.preview("no-such", author="Ines"))
        .body["errors"][0]
        .startswith("policy: there is no policy with this name")
    )
    for cost in ("many", "1_000", "\uff11\uff10", "nan", "1e3"):
        told = await front.preview("small-purchase", author="Ines", cost=cost)
        assert (told.status, told.body["errors"]) == (400, ["cost: give a number"])
    told = await front.preview("small-purchase", author="Ines")
    assert [each.partition(":")[0] for each in told.body["errors"]] == ["cost", "department"]
    assert (await front.preview("default")).status == 400
    assert (await front.by("Ines").preview("emergency")).body["code"] == "policyNotAllowed"
    assert (await front.by("Ines").submit(FORM, preview="true")).body["code"] == "policyNotAllowed"
    assert (await front.by("Ines").preview("default", author="Mara")).body["code"] == "notYou"
    assert (await front.by("Ines").preview("default")).status == 200

"""ActOnProposal: each verb through one table, every refusal with its status, and nobody acts on what is not theirs."""

import json
from typing import get_args

import pytest

from approvals.rules.eligibility import ActionRefused, Code
from approvals.rules.forms import LARGEST_VERB
from approvals.rules.verbs import VERBS
from clients import verbs
from clients.verbs import REFUSALS, acting_names, refusal
from clients.web.replies import Problem, VerbReply
from gateways.review_records import open_review_records
from services import review_changes
from services.review_changes import Contention
from tests.clients.front import FORM, Front

TWO = {
    **FORM,
    "policy": {
        "stages": [
            {"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all"},
            {"name": "release", "approvers": ["Amara"]},
        ]
    },
}
OTHERS = {**TWO, "author": "Olga", "policy": {"stages": [{"name": "a", "approvers": ["Nina"]}]}}
ENVELOPE = {"__class__": "Decide", "__module__": "approvals.rules.verbs", "__data__": {}}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """A header names the person, none makes a system, which may ask as often as these tests do."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


def entries_of(proposal_id):
    """What is on record."""
    return open_review_records().read(proposal_id).entries


def is_problem(told):
    """Whether a refusal has the form that the OpenAPI document describes."""
    return told.type == "application/problem+json" and Problem.model_validate_json(json.dumps(told.body))


# The way of a verb


async def test_an_answer_is_recorded_before_it_is_acknowledged(front):
    """The reply shows the new state; the workflow is woken."""
    proposal_id = await front.begin(TWO)
    told = await front.act(proposal_id, "decisions", {"approver": "Mara", "decision": "approve", "comment": "Yes."})
    reply = VerbReply.model_validate_json(json.dumps(told.body))
    entry = entries_of(proposal_id)[reply.entry - 1]
    assert (told.status, reply.status, reply.waiting_for, reply.repeated) == (200, "inReview", ("Jonas",), False)
    assert (entry.kind, entry.by, entry.via, entry.comment) == ("decided", "Mara", "system", "Yes.")
    assert front.client.events == [(proposal_id, "Wake-4", {})]


async def test_a_repeated_answer_changes_nothing(front):
    """200 with the earlier entry; its workflow is woken again, because the first event may be lost."""
    proposal_id = await front.begin(TWO)
    body = {"approver": "Mara", "decision": "approve", "decisionId": "d-1"}
    first = await front.act(proposal_id, "decisions", body)
    again = await front.act(proposal_id, "decisions", body)
    assert (again.status, again.body["entry"], again.body["repeated"]) == (200, first.body["entry"], True)
    assert front.client.events == [(proposal_id, "Wake-4", {})] * 2


async def test_an_unreachable_host_loses_no_answer(front):
    """The record comes first; the sweep wakes the workflow later."""
    proposal_id = await front.begin(TWO)
    front.client.broken["raise_event"] = "the hub is down"
    told = await front.act(proposal_id, "decisions", {"approver": "Mara", "decision": "approve"})
    assert (told.status, entries_of(proposal_id)[-1].by) == (200, "Mara")


STORY = (
    ("comments", {"by": "Jonas", "comment": "Why steel?"}, "commented", "Jonas"),
    ("remind", {"by": "Ines"}, "reminded", "Ines"),
    ("delegate", {"from": "Mara", "to": "Petra", "comment": "On leave."}, "delegated", "Mara"),
    ("takeBack", {"by": "Mara", "comment": "Back."}, "delegated", "Mara"),
    ("reassign", {"from": "Jonas", "to": "Otto", "by": "Olga"}, "reassigned", "Olga"),
    ("changes", {"approver": "Mara", "comment": "Where is the railing?"}, "changesRequested", "Mara"),
    ("resubmit", {"by": "Ines", "cost": 5, "comment": "Here."}, "resubmitted", "Ines"),
    ("decisions", {"approver": "Mara", "decision": "approve", "round": 2}, "decided", "Mara"),
    ("withdraw", {"by": "Ines", "reason": "Sold."}, "withdrawn", "Ines"),
)


async def test_every_verb_has_its_route(front):
    """All of them in one proposal, each recorded with its person."""
    proposal_id = await front.begin(TWO)
    for verb, body, kind, by in STORY:
        told = await front.act(proposal_id, verb, body)
        assert told.status == 200, (verb, told)
        entry = entries_of(proposal_id)[told.body["entry"] - 1]
        assert (entry.kind, entry.by) == (kind, by)
    assert {verb for verb, *_ in STORY} == set(VERBS)
    assert (await front.show(proposal_id)).body["status"] == "withdrawn"


@pytest.mark.parametrize(
    ("verb", "name"), [(verb, name) for verb, model in VERBS.items() for name in acting_names(model)]
)
async def test_a_verb_accepts_any_name_of_its_acting_field(front, verb, name):
    """So that nobody has to remember which name belongs to which verb."""
    fitting = next(body for each, body, *_ in STORY if each == verb)
    others = acting_names(VERBS[verb])
    rest = {key: value for key, value in fitting.items() if key not in others}
    told = await front.act("nowhere", verb, {**rest, name: "Mara"})
    assert told.status == 404, told


# Who acts


@pytest.mark.parametrize("verb", VERBS)
async def test_a_signed_in_person_need_not_name_themselves(front, verb):
    """Each verb fills in the name."""
    proposal_id = await front.begin(TWO)
    fitting = next(body for each, body, *_ in STORY if each == verb)
    rest = {key: value for key, value in fitting.items() if key not in acting_names(VERBS[verb])}
    if verb == "reassign":
        rest["from"] = "Mara"
    if verb == "takeBack":
        await front.act(proposal_id, "delegate", {"from": "Mara", "to": "Otto"})
    if verb == "decisions":
        del rest["round"]
    if verb == "resubmit":
        await front.act(proposal_id, "changes", {"approver": "Mara", "comment": "More."})
    person = "Ines" if verb in ("withdraw", "resubmit") else "Mara"
    told = await front.by(person).act(proposal_id, verb, rest)
    assert told.status == 200, told
    entry = entries_of(proposal_id)[told.body["entry"] - 1]
    assert (entry.by, entry.via) == (person, "person")


async def test_the_record_has_the_name_of_the_sign_in(front):
    """Whatever spelling the body has."""
    proposal_id = await front.begin(TWO)
    told = await front.by("Mara").act(proposal_id, "decisions", {"approver": "  MARA ", "decision": "approve"})
    assert entries_of(proposal_id)[told.body["entry"] - 1].by == "Mara"


@pytest.mark.parametrize(
    ("verb", "name"), [(verb, name) for verb, model in VERBS.items() for name in acting_names(model)]
)
async def test_a_signed_in_person_cannot_be_somebody_else(front, verb, name):
    """With none of the fields for it; nothing is recorded."""
    proposal_id = await front.begun_once(TWO)
    before = entries_of(proposal_id)
    fitting = next(body for each, body, *_ in STORY if each == verb)
    rest = {key: value for key, value in fitting.items() if key not in acting_names(VERBS[verb])}
    told = await front.by("Jonas").act(proposal_id, verb, {**rest, name: "Mara"})
    assert (told.status, told.body["code"]) == (403, "notYou")
    assert entries_of(proposal_id) == before


@pytest.mark.parametrize("extra", [{"approver": "Mara", "by": "Jonas"}, {"by": "Mara", "from": "Jonas"}])
async def test_two_names_in_one_body_are_a_fault(front, extra):
    """Neither is used."""
    told = await front.by("Jonas").act(await front.begun_once(TWO), "decisions", {"decision": "approve", **extra})
    assert told.status in (400, 403)


async def test_nobody_hands_over_the_task_of_another(front):
    """Only its owner, or a system for an operator."""
    proposal_id = await front.begin(TWO)
    told = await front.by("Jonas").act(proposal_id, "reassign", {"from": "Mara", "to": "Otto"})
    assert (told.status, told.body["code"]) == (403, "notAsked")


MAY = {
    # verb: who among the people below may do it while stage `design` is open
    "decisions": {"Mara", "Jonas", "Amara"},
    "changes": {"Mara", "Jonas"},
    "comments": {"Ines", "Mara", "Jonas", "Amara"},
    "remind": {"Ines", "Mara", "Jonas", "Amara"},
    "delegate": {"Mara", "Jonas"},
    "takeBack": set(),
    "reassign": {"Mara", "Jonas"},
    "withdraw": {"Ines"},
    "resubmit": set(),
}
BODIES = {
    "decisions": {"decision": "approve"}, "changes": {"comment": "x"}, "comments": {"comment": "x"}, "remind": {},
    "delegate": {"to": "Otto"}, "takeBack": {}, "reassign": {"to": "Otto"}, "withdraw": {}, "resubmit": {},
}  # fmt: skip


@pytest.mark.parametrize("person", ["Ines", "Mara", "Jonas", "Amara", "Nadia", "Greenlight", "nobody"])
@pytest.mark.parametrize("verb", VERBS)
async def test_a_person_may_act_only_on_what_is_theirs(front, verb, person):
    """Each verb for each person; on a proposal with other people it is always 403."""
    mine, theirs = await front.begin(TWO), await front.begun_once(OTHERS)
    body = {**BODIES[verb], **({"from": person} if verb == "reassign" else {})}
    before = entries_of(mine)
    told = await front.by(person).act(mine, verb, body)
    assert (told.status == 200) == (person in MAY[verb]), told
    if told.status != 200:
        assert told.status in (403, 409)
        assert entries_of(mine) == before
    elsewhere = await front.by(person).act(theirs, verb, body)
    assert (elsewhere.status, elsewhere.body["code"]) == (403, "notAsked")


@pytest.mark.parametrize("person", ["Ines", "Mara", "Jonas", "Amara", "Nadia"])
async def test_a_person_sees_only_proposals_that_they_have_a_part_in(front, person):
    """Proposal, record and files."""
    text = {"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}
    proposal_id = await front.begin({**TWO, "attachments": [text]})
    mine = front.by(person)
    seen = [await mine.show(proposal_id), await mine.audit(proposal_id), await mine.get_file(proposal_id, "a.txt")]
    assert {each.status for each in seen} == ({403} if person == "Nadia" else {200})


async def test_a_person_who_got_a_task_sees_the_proposal_from_then_on(front):
    """Also after passing it on."""
    proposal_id = await front.begin(TWO)
    assert (await front.by("Otto").show(proposal_id)).status == 403
    await front.act(proposal_id, "delegate", {"from": "Mara", "to": "Otto"})
    assert (await front.by("Otto").show(proposal_id)).status == 200
    await front.by("Otto").act(proposal_id, "delegate", {"to": "Petra"})
    assert (await front.by("Otto").show(proposal_id)).status == 200


async def test_an_outsider_does_not_learn_the_outcome(front):
    """A refusal names who decided, which outsiders must not see."""
    proposal_id = await front.begin(TWO)
    await front.act(proposal_id, "decisions", {"approver": "Mara", "decision": "reject"})
    told = await front.by("Nadia").act(proposal_id, "decisions", {"decision": "approve"})
    assert told.status == 403
    assert "Mara" not in json.dumps(told.body)


# Refusals


async def test_a_late_person_learns_who_decided(front):
    """409, in words."""
    proposal_id = await front.begin()
    await front.act(proposal_id, "decisions", {"approver": "Mara", "decision": "approve"})
    told = await front.act(proposal_id, "decisions", {"approver": "Jonas", "decision": "reject"})
    assert (told.status, told.body["code"]) == (409, "over")
    assert "approved by Mara" in told.body["detail"]
    assert is_problem(told)


async def test_a_second_reminder_at_once_is_throttled(front):
    """429, with the seconds to wait."""
    proposal_id = await front.begin(TWO)
    await front.act(proposal_id, "remind", {"by": "Ines"})
    told = await front.act(proposal_id, "remind", {"by": "Mara"})
    assert (told.status, told.body["code"]) == (429, "tooSoon")
    assert 0 < int(told.headers["Retry-After"]) <= 3601


@pytest.mark.parametrize("code", get_args(Code))
def test_every_refusal_has_a_status_and_a_next_step(code):
    """Also one that no verb of this route can give."""
    response = refusal(ActionRefused(code=code, reason="it is so"))
    body = json.loads(response.get_body())
    assert 400 <= response.status_code < 500
    assert (body["code"], body["detail"]) == (code, "It is so.")
    assert body["whatToDo"]
    assert set(REFUSALS) == set(get_args(Code))


@pytest.mark.parametrize(
    ("verb", "body", "faults"),
    [
        ("decisions", b"", ["approver", "decision"]),
        ("decisions", b"yes", ["this is not JSON"]),
        ("decisions", b'{"decision": "reject", "decision": "approve"}', ["the key 'decision' is given twice"]),
        ("decisions", [], ["Input should be a valid dictionary or instance of Decide"]),
        ("decisions", {"approver": "", "decision": True, "link": 2}, ["approver", "decision", "link"]),
        ("decisions", {"approver": "Mara", "decision": "approve", "linkId": "x"}, ["linkId"]),
        ("decisions", {"approver": ENVELOPE, "decision": ENVELOPE}, ["approver", "decision"]),
        ("comments", {"by": "Mara", "comment": ""}, ["comment"]),
        ("delegate", {"from": "Mara"}, ["to"]),
        ("reassign", {"by": "Mara", "to": "Otto"}, ["from"]),
        ("resubmit", {"by": "Ines", "cost": -1, "currency": "euro", "author": "Mara"}, ["cost", "currency", "author"]),
        ("withdraw", {"reason": "x" * 8_001}, ["by", "reason"]),
    ],
    ids=str,
)  # fmt: skip
async def test_every_fault_is_listed(front, verb, body, faults):
    """Before anything is read."""
    told = await front.act("nowhere", verb, body)
    assert (told.status, told.body["code"]) == (400, "invalid")
    assert [error.partition(":")[0] for error in told.body["errors"]] == faults
    assert is_problem(told)


async def test_an_unknown_word_is_a_fault(front):
    """With the known ones."""
    told = await front.act(await front.begun_once(TWO), "decisions", {"approver": "Mara", "decision": "maybe"})
    assert (told.status, told.body["code"]) == (400, "invalid")
    assert "approve" in told.body["detail"]


async def test_a_body_that_is_too_large_is_not_read(front):
    """413; one at the limit is read."""
    assert (await front.act("nowhere", "remind", b" " * (LARGEST_VERB + 1))).status == 413
    assert (await front.act("nowhere", "remind", b" " * (LARGEST_VERB - 12) + b'{"by": "Mi"}')).status == 404


@pytest.mark.parametrize("verb", ["approve", "audit", "Decisions", "attachments", "../decisions", ""])
async def test_the_404_for_an_unknown_verb_lists_the_known_ones(front, verb):
    """For programs and people."""
    told = await front.act("nowhere", verb, {"by": "Mara"})
    assert told.status == 404
    assert "decisions" in told.body["whatToDo"]


@pytest.mark.parametrize("person", [None, "Mara"])
@pytest.mark.parametrize("proposal_id", ["nowhere", "..", "a/b", "x" * 200, "a b", "é"])
async def test_an_unknown_proposal_is_404(front, person, proposal_id):
    """For systems and people, with what to do."""
    told = await front.by(person).act(proposal_id, "decisions", {"decision": "approve", "approver": "Mara"})
    assert told.status == 404
    assert is_problem(told)
    assert front.client.events == []


async def test_a_race_that_is_always_lost_says_when_to_try_again(front, monkeypatch):
    """503 with Retry-After."""

    def crowded(*_):
        raise Contention("others were faster")

    monkeypatch.setattr(verbs.desk, "record_verb", crowded)
    told = await front.act("p", "decisions", {"approver": "Mara", "decision": "approve"})
    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert review_changes.Contention is Contention

"""SubmitProposal, GetProposal, ListProposals: what comes in, who sees what, and every fault at once."""

import base64
import hashlib
import json
import uuid

import pytest

from approvals.rules.forms import LARGEST_BODY
from clients.proposals import TOP
from clients.web.replies import ProposalList, ProposalView, SubmissionReply
from gateways.list_pages import MOST_ROWS
from gateways.review_records import open_review_records
from tests.clients.front import FORM, Front

STAGES = [{"name": "design", "approvers": ["Mara"]}]
TEXT = {"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """A header names the person, none makes a system, which may ask as often as these tests do."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")
    monkeypatch.setenv("DESIGN_BOARD", "Mara; Jonas")
    monkeypatch.setenv("HEAD_OF_DESIGN", "Helena")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


@pytest.fixture
def name():
    """Return a function that makes names of people whom no other test knows."""
    mark = uuid.uuid4().hex[:8]
    return lambda given: f"{given} {mark}"


def record_of(told):
    """The entries of the proposal that was answered with."""
    return open_review_records().read(told.body["proposalId"]).entries


# Handing in


async def test_a_submission_is_recorded_and_its_workflow_started(front):
    """202, with its location; the workflow's input is an id."""
    told = await front.submit()
    reply = SubmissionReply.model_validate_json(json.dumps(told.body))
    assert (told.status, reply.instance_id) == (202, reply.proposal_id)
    assert told.headers["Location"] == f"/api/proposals/{reply.proposal_id}"
    entry, *_ = record_of(told)
    assert (entry.by, entry.via, entry.title) == ("Ines", "system", "Footbridge")
    instance = front.client.instances[reply.proposal_id]
    assert instance["name"] == "ApprovalWorkflow"
    assert json.loads(instance["input"]) == {"review": {"proposalId": reply.proposal_id}}


async def test_title_and_author_are_enough(front):
    """The default policy applies, with the people of the settings."""
    entry, *_ = record_of(await front.submit({"title": "Bench", "author": "Ines"}))
    assert entry.policy_name == "default"
    assert entry.policy["stages"][0]["approvers"] == ["Mara", "Jonas"]


async def test_an_empty_default_board_is_refused_with_the_setting_to_fill(front, monkeypatch):
    """Nothing must wait for a board without members."""
    monkeypatch.delenv("DESIGN_BOARD")
    told = await front.submit({"title": "Bench", "author": "Ines"})
    assert told.status == 400
    assert "the setting DESIGN_BOARD is empty: set it to the names" in told.body["detail"]


async def test_a_stranger_cannot_be_asked(front, monkeypatch):
    """One request would otherwise send fifty letters in the organisation's name."""
    monkeypatch.setenv("MAIL_DOMAINS", "example.org")
    strangers = [f"person{number}@evil.example" for number in range(50)]
    stage = {"name": "design", "approvers": strangers, "remindAfterHours": list(range(1, 21))}
    told = await front.submit({**FORM, "policy": {"stages": [stage]}})
    assert (told.status, len(told.body["errors"])) == (400, 50)
    assert "policy.stages.0.approvers.0: is an address outside of the directory" in told.body["errors"][0]
    stage["approvers"] = ["mara@example.org"]
    assert (await front.submit({**FORM, "policy": {"stages": [stage]}})).status == 202


async def test_a_submission_may_name_a_policy(front):
    """One of the policies folder."""
    entry, *_ = record_of(await front.submit({"title": "Bench", "author": "Ines", "policy": "two-person-rule"}))
    assert entry.policy_name == "two-person-rule"


async def test_attachments_are_stored_in_blobs(front):
    """The record has their names and hashes."""
    file = {"name": "n.md", "contentType": "text/markdown", "content": base64.b64encode(b"# hi").decode()}
    told = await front.submit({**FORM, "attachments": [file]})
    (found,) = (await front.show(told.body["proposalId"])).body["attachments"]
    assert (found["name"], found["size"]) == ("n.md", 4)
    assert (await front.get_file(told.body["proposalId"], "n.md")).body == b"# hi"


async def test_the_signed_in_person_is_the_author(front):
    """Named or not; the record has the name of the sign-in."""
    for form in ({"title": "Bench", "author": "INES"}, {"title": "Bench"}):
        entry, *_ = record_of(await front.by("Ines").submit(form))
        assert (entry.by, entry.via) == ("Ines", "person")


async def test_a_signed_in_person_cannot_submit_for_others(front):
    """403, and nothing is recorded."""
    told = await front.by("Mara").submit(FORM, id="not-mine")
    assert (told.status, told.body["code"]) == (403, "notYou")
    assert (await front.show("not-mine")).status == 404
    assert front.client.instances == {}


# By which rule


def own(**changes):
    """Return a form that brings a policy of one stage."""
    return {**FORM, "policy": {"stages": [{"name": "x", "approvers": ["Mara"], **changes}]}}


async def test_only_people_named_by_the_setting_bring_their_own_policy(front, monkeypatch):
    """Systems always may."""
    for _ in range(2):
        told = await front.by("Ines").submit(own(), id="own-rule")
        assert (told.status, told.body["code"]) == (403, "policyNotAllowed")
        assert (await front.show("own-rule")).status == 404
        monkeypatch.setenv("POLICY_AUTHORS", "Mara; Jonas")
    assert (await front.submit(own())).status == 202
    monkeypatch.setenv("POLICY_AUTHORS", "Mara; ines ")
    assert (await front.by("Ines").submit(own())).status == 202


@pytest.mark.parametrize(
    "policy",
    [
        {**own()["policy"], "allowSelfApproval": True},
        own(windowHours=0.0001, onTimeout="approve")["policy"],
        {**own(when={"costUpTo": 5})["policy"], "otherwise": {"name": "y", "approvers": ["Jonas"],
                                                              "onTimeout": "approve"}},
    ],
)  # fmt: skip
async def test_a_persons_own_policy_cannot_approve_by_itself(front, monkeypatch, policy):
    """Not even if the setting names the person; a system is responsible for its policies."""
    monkeypatch.setenv("POLICY_AUTHORS", "*")
    told = await front.by("Ines").submit({**FORM, "policy": policy, "cost": 1})
    assert (told.status, told.body["code"]) == (403, "policyNotAllowed")
    assert (await front.submit({**FORM, "policy": policy, "cost": 1})).status == 202


async def test_a_policy_of_the_app_is_only_for_its_authors(front):
    """If it names any, whoever submits."""
    form = {"title": "Pump", "policy": "emergency"}
    for told in (await front.by("Ines").submit(form), await front.submit({**form, "author": "Ines"})):
        assert (told.status, told.body["code"]) == (403, "policyNotAllowed")
    assert (await front.by("Nadia Rahimi").submit(form)).status == 202


async def test_the_record_names_its_policy(front):
    """By name, version and hash, which GET shows."""
    told = await front.by("Nadia Rahimi").submit({"title": "Pump", "policy": "emergency"})
    entry, *_ = record_of(told)
    canonical = json.dumps(entry.policy, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert entry.policy_hash == hashlib.sha256(canonical.encode()).hexdigest()
    shown = (await front.show(told.body["proposalId"])).body
    assert (shown["policy"], shown["policyVersion"]) == ("emergency", "1")
    assert shown["policyHash"] == entry.policy_hash


# Sending it again


async def test_a_repeated_submission_is_the_same_proposal(front, name):
    """A lost answer does no harm; spelling of people, spaces and number formats make no difference."""
    form = {**FORM, "author": name("Ines"), "cost": 100}
    proposal_id = f"again-{uuid.uuid4().hex}"
    first = await front.submit(form, id=proposal_id)
    again = await front.submit({**form, "author": form["author"].upper(), "cost": 100.0}, id=proposal_id)
    assert (again.status, again.body) == (202, first.body)
    assert len(record_of(first)) == 3
    assert len((await front.list(author=form["author"])).body["proposals"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Bench"}, {"author": "Jonas"}, {"cost": 5}, {"summary": "x"}, {"department": "works"},
        {"policy": {"stages": STAGES}}, {"policy": None}, {"policy": "default"},
        {"attachments": [{**TEXT, "content": "Yg=="}]}, {"attachments": [{**TEXT, "name": "b.txt"}]},
        {"attachments": []},
    ],
    ids=str,
)  # fmt: skip
async def test_another_submission_under_the_same_id_is_refused(front, change):
    """409, and the first is unchanged."""
    proposal_id = f"taken-{uuid.uuid4().hex}"
    first = await front.submit({**FORM, "attachments": [TEXT]}, id=proposal_id)
    before = record_of(first)
    told = await front.submit({**FORM, "attachments": [TEXT], **change}, id=proposal_id)
    assert (told.status, told.body["code"]) == (409, "conflict")
    assert record_of(first) == before


async def test_the_id_of_another_workflow_is_refused(front):
    """Decisions are recorded under it."""
    front.client.add("classic-1", "ChainingWorkflow")
    assert (await front.submit(FORM, id="classic-1")).status == 409
    assert open_review_records().read("classic-1") is None


# Every fault at once


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (b"", ["title", "author"]),
        (b"{", ["this is not JSON"]),
        (b"\xff", ["this is not JSON"]),
        (b'{"title": "a", "title": "b"}', ["the key 'title' is given twice"]),
        ([], ["Input should be a valid dictionary or instance of SubmissionForm"]),
        ({"titel": "x"}, ["title", "author", "titel"]),
        ({**FORM, "cost": -1, "currency": "euro", "policy": {"stages": []}}, ["cost", "currency", "policy.stages"]),
        ({**FORM, "policy": "no-such"}, ["policy"]),
        ({**FORM, "policy": 1}, ["policy"]),
        ({**FORM, "policy": "../secrets"}, ["policy"]),
        ({**FORM, "policy": "people"}, ["policy"]),
        ({**FORM, "policy": {"stages": [{"name": "a", "approvers": ["Ines"]}]}}, ["stage 'a'"]),
        ({**FORM, "policy": {"stages": [
            {"name": "a", "approvers": ["Mara"], "when": {"costUpTo": 1000}},
            {"name": "b", "approvers": ["Mara"], "when": {"costAbove": 2000}},
        ]}, "cost": 1500}, ["policy.stages"]),
        ({**FORM, "policy": "small-purchase"}, ["cost", "department"]),
        ({**FORM, "policy": "small-purchase", "cost": 9, "department": "i.t."}, ["department"]),
        ({**FORM, "policy": "footbridge-works", "cost": 99999, "currency": "KWD"}, ["currency"]),
        ({**FORM, "cost": 0.5, "currency": "JPY"}, ["cost"]),
        ({**FORM, "attachments": "x"}, ["attachments"]),
        ({**FORM, "title": "", "attachments": [{"name": "a"}, {"name": "b", "contentType": "x/y", "content": ""}]},
         ["title", "attachments.0.contentType", "attachments.0.content", "attachment 'b'"]),
        ({**FORM, "attachments": [{**TEXT, "name": name} for name in ("a", "../b", "a")]},
         ["attachment '../b'", "attachment 'a'"]),
        ({**FORM, "attachments": [{"name": "p.png", "contentType": "image/png", "content": "iVBORw0KGgo="}]},
         ["attachment 'p.png'"]),
        ({**FORM, "author": {"__class__": "str", "__module__": "builtins", "__data__": "Ines"}}, ["author"]),
    ],
)  # fmt: skip
async def test_every_fault_is_listed(front, body, faults):
    """Nothing is recorded."""
    told = await front.submit(body, id="faulty")
    assert (told.status, told.type, told.body["code"]) == (400, "application/problem+json", "invalid")
    found = [error.partition(":")[0] for error in told.body["errors"]]
    assert [each for each in faults if not any(each in one for one in found)] == []
    assert len(found) == len(faults)
    assert told.body["whatToDo"]
    assert (await front.show("faulty")).status == 404
    assert front.client.instances == {}


@pytest.mark.parametrize("proposal_id", ["a b", "../x", "@counter@x", "x" * 81, "-x", "a/b", "ä"])
async def test_an_invalid_id_is_a_fault(front, proposal_id):
    """It becomes part of blob names and URLs."""
    told = await front.submit(FORM, id=proposal_id)
    assert told.status == 400
    assert [error.partition(":")[0] for error in told.body["errors"]] == ["id"]


async def test_a_body_that_is_too_large_is_not_read(front):
    """413, with the limit."""
    told = await front.submit(b" " * (LARGEST_BODY + 1))
    assert told.status == 413
    assert f"{LARGEST_BODY:,}" in told.body["whatToDo"]


# Looking


async def test_a_proposal_is_shown_from_its_record(front):
    """In the form of the OpenAPI document."""
    proposal_id = await front.begin()
    told = await front.show(proposal_id)
    shown = ProposalView.model_validate_json(json.dumps(told.body))
    assert (shown.status, shown.waiting_for) == ("inReview", ("Mara", "Jonas"))


@pytest.mark.parametrize("proposal_id", ["nope", "..", "a b", "x" * 200, "?top=1"])
async def test_an_unknown_proposal_is_404(front, proposal_id):
    """With where to look."""
    told = await front.show(proposal_id)
    assert told.status == 404
    assert "GET /api/proposals" in told.body["whatToDo"]


# The list


async def test_the_list_shows_the_newest_proposals_first_in_pages(front, name):
    """Each once, with a token until the end."""
    author = name("Ines")
    ids = [(await front.submit({**FORM, "author": author})).body["proposalId"] for _ in range(5)]
    found, token = [], ""
    for _ in range(3):
        told = await front.list(author=author, top="2", **({"continuationToken": token} if token else {}))
        page = ProposalList.model_validate_json(json.dumps(told.body))
        found += [each.proposal_id for each in page.proposals]
        token = page.continuation_token
    assert (found, token) == (ids[::-1], None)


async def test_the_list_is_filtered(front, name):
    """By status, author and approver, in any combination."""
    author, other = name("Ines"), name("Jonas")
    form = {**FORM, "author": author, "policy": {"stages": [{"name": "a", "approvers": [name("Mara")]}]}}
    mine = (await front.submit(form)).body["proposalId"]
    await front.submit({**form, "author": other})

    async def ids(**asked):
        return [each["proposalId"] for each in (await front.list(**asked)).body["proposals"]]

    assert await ids(author=author) == [mine]
    assert await ids(author=author.lower(), status="inReview") == [mine]
    assert await ids(author=author, status="approved") == []
    assert await ids(author=author, approver=name("Mara")) == [mine]
    assert await ids(author=author, approver=name("Vera")) == []


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ({"status": "open"}, ["status"]),
        ({"status": "Approved"}, ["status"]),
        ({"top": "0"}, ["top"]),
        ({"top": str(MOST_ROWS + 1)}, ["top"]),
        ({"top": "ten"}, ["top"]),
        ({"top": "٣"}, ["top"]),
        ({"top": "-1"}, ["top"]),
        ({"stauts": "approved"}, ["stauts"]),
        ({"author": "a\nb", "approver": " ", "top": "x", "status": "x", "y": "z"},
         ["y", "status", "top", "approver", "author"]),
        ({"continuationToken": "x"}, ["token"]),
        ({"continuationToken": "é"}, ["token"]),
    ],
    ids=str,
)  # fmt: skip
async def test_an_unknown_filter_is_refused(front, asked, faults):
    """A misspelt one would show too much."""
    told = await front.list(**asked)
    assert told.status == 400
    assert [error.partition(":")[0] for error in told.body["errors"]] == faults


async def test_a_page_token_belongs_to_its_filters(front, name):
    """With others it would skip rows."""
    author = name("Ines")
    for _ in range(2):
        await front.submit({**FORM, "author": author})
    token = (await front.list(author=author, top="1")).body["continuationToken"]
    assert (await front.list(author=name("Jonas"), continuationToken=token)).status == 400


async def test_parameters_of_the_platform_are_no_filters(front):
    """A function key may be in the query string."""
    assert (await front.list(code="a-key", clientId="default", top=str(TOP))).status == 200


async def test_people_see_only_their_own_proposals_in_the_list(front, name):
    """Those that they wrote and those that wait for them; whatever they ask for."""
    ines, mara, jonas = name("Ines"), name("Mara"), name("Jonas")
    form = {"title": "Bench", "author": ines, "policy": {"stages": [{"name": "a", "approvers": [mara]}]}}
    told = await front.submit(form)
    for person, asked, seen in [(ines, {}, True), (ines, {"author": ines}, True), (jonas, {"author": ines}, False)]:
        page = (await front.by(person).list(**asked)).body
        assert [each["proposalId"] for each in page["proposals"]] == [told.body["proposalId"]] * seen
    (waiting,) = (await front.by(mara).list(approver=mara)).body["proposals"]
    assert (waiting["proposalId"], waiting["waitingFor"]) == (told.body["proposalId"], [mara])


async def test_the_pages_of_a_person_leave_nothing_out(front, name):
    """Although others' proposals lie in between."""
    ines = name("Ines")
    mine = []
    for _ in range(4):
        mine.append((await front.submit({**FORM, "author": ines})).body["proposalId"])
        await front.submit({**FORM, "author": name("Jonas")})
    found, token = [], {}
    while token is not None:
        page = (await front.by(ines).list(top="3", **token)).body
        assert len(page["proposals"]) <= 3
        found += [each["proposalId"] for each in page["proposals"]]
        token = {"continuationToken": page["continuationToken"]} if page["continuationToken"] else None
    assert found == mine[::-1]

"""How a proposal gets on record, when something goes wrong on the way: each step can be the last one, and repeated."""

import asyncio
import uuid

import pytest

from approvals.rules.forms import SubmissionForm
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
from services import submissions
from tests import records
from tests.clients.front import FORM, Front

TEXT = {"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """A header names the person, none makes a system, which may ask as often as these tests do."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


@pytest.fixture
def proposal_id():
    """An id that no other test has."""
    return f"s-{uuid.uuid4().hex}"


async def test_a_hub_that_is_down_loses_no_proposal(front, proposal_id):
    """It is recorded, and the sweep starts it; sending it again starts it at once."""
    front.client.broken["start_new"] = "the hub is down"
    assert (await front.submit(FORM, id=proposal_id)).status == 202
    assert front.client.instances == {}
    front.client.broken.clear()
    assert (await front.submit(FORM, id=proposal_id)).status == 202
    assert list(front.client.instances) == [proposal_id]


async def test_a_missing_row_is_written_by_the_next_sender(front, proposal_id, monkeypatch):
    """As after a crash between record and list."""

    class Crash(BaseException):
        pass

    def crash():
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(submissions, "open_proposal_index", crash)
        with pytest.raises(Crash):
            await front.submit(FORM, id=proposal_id)
    assert open_proposal_index().find(proposal_id) is None
    assert (await front.submit(FORM, id=proposal_id)).status == 202
    row = open_proposal_index().find(proposal_id)
    assert (row.title, row.status, row.entries, row.size) == ("Footbridge", "inReview", 3, 0)
    assert row.head == open_review_records().read(proposal_id).head


async def test_a_late_repetition_does_not_change_the_list(front, proposal_id):
    """The review has moved on since."""
    await front.submit(FORM, id=proposal_id)
    await front.check(proposal_id)
    before = open_proposal_index().find(proposal_id)
    assert (await front.submit(FORM, id=proposal_id)).status == 202
    assert open_proposal_index().find(proposal_id) == before
    assert before.waiting_for == ("Mara", "Jonas")


async def test_an_ended_review_is_not_started_again(front, proposal_id):
    """Its workflow may have been purged long ago."""
    await front.submit(FORM, id=proposal_id)
    await front.act(proposal_id, "withdraw", {"by": "Ines"})
    front.client.instances.clear()
    assert (await front.submit(FORM, id=proposal_id)).status == 202
    assert front.client.instances == {}


async def test_the_id_of_a_deleted_record_is_not_reused(front, proposal_id, azurite):
    """Its workflow may have been purged; its row shows that the record existed."""
    await front.submit(FORM, id=proposal_id)
    records.rewrite(azurite.connection_string, proposal_id, None)
    front.client.instances.clear()
    assert (await front.submit(FORM, id=proposal_id)).status == 409
    assert open_review_records().raw(proposal_id) is None


async def test_one_of_many_equal_submissions_starts_the_review(front, proposal_id):
    """All get the same answer, and there is one proposal."""
    form = {**FORM, "attachments": [TEXT]}
    answers = await asyncio.gather(*(front.submit(form, id=proposal_id) for _ in range(8)))
    assert {(told.status, told.body["proposalId"]) for told in answers} == {(202, proposal_id)}
    assert len(open_review_records().read(proposal_id).entries) == 1
    assert list(front.client.instances) == [proposal_id]


async def test_one_of_many_different_submissions_wins(front, proposal_id):
    """The others learn that the id is taken."""
    forms = [{**FORM, "attachments": [{**TEXT, "content": content}]} for content in ("YQ==", "Yg==", "Yw==", "ZA==")]
    answers = await asyncio.gather(*(front.submit(form, id=proposal_id) for form in forms))
    assert sorted(told.status for told in answers) == [202, 409, 409, 409]


async def test_the_example_can_be_submitted(front):
    """Unchanged."""
    assert (await front.submit(SubmissionForm.example)).status == 202


async def test_the_log_has_nothing_personal(front, caplog):
    """Only ids."""
    with caplog.at_level("DEBUG", "greenlight"):
        told = await front.submit({**FORM, "author": "Ines Carvalho", "summary": "a secret plan"})
    assert told.body["proposalId"] in caplog.text
    assert "Carvalho" not in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("author", ["nobody", "Greenlight", "A  System", "unnamed"])
async def test_a_reserved_name_cannot_be_an_author(front, author):
    """That author could do nothing, and would look like a timeout or a workflow."""
    told = await front.submit({**FORM, "author": author})
    assert (told.status, told.body["errors"]) == (400, [f"author: {author} is a reserved name; name a person"])

"""What each operation on a proposal costs in calls to storage: exactly, so that a gain or a loss is seen.

Each test says the calls of the host, those of the app, and those of the app for letters. Two of the last kind are for
the limits of the day, the others one for each letter.
"""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from clients.web.identity import USER_HEADER
from tests.workflows.reviews import stage

BOARD = stage("Mara", "Jonas", name="board", rule="all")
RELEASE = stage("Petra", name="release")


def file(number):
    """A file as a submission holds it."""
    content = base64.b64encode(f"# Note {number}\n".encode()).decode()
    return {"name": f"note-{number}.md", "contentType": "text/markdown", "content": content}


@pytest.fixture
def proposal(reviews):
    """A proposal that waits for Mara and Jonas, after whom Petra is asked."""
    name = reviews.submit(BOARD, RELEASE)
    reviews.waits(name, "Mara", "Jonas")
    return name


def test_a_submission_without_files(meter, reviews):
    """Under an id that the sender chose, which might have been used before."""
    with meter.counting() as bill:
        reviews.submit(stage("Mara"))
    assert bill.calls == (13, 9, 4), bill


@pytest.mark.parametrize(("files", "calls"), [(0, (11, 5, 4)), (3, (11, 12, 4))], ids=["no files", "three files"])
def test_a_submission_without_an_id(meter, app, files, calls):
    """Nobody can have used the id that the app makes. Each file is stored, read and checked."""
    form = {"title": "Mill Stream footbridge", "author": "Ines", "policy": {"stages": [stage("Mara")]}}
    form["attachments"] = [file(number) for number in range(files)]
    with meter.counting() as bill:
        assert app.request("POST", "/api/proposals", form).status == 202
    assert bill.calls == calls, bill


def test_a_comment(meter, reviews, proposal):
    """The author and the one who has not written it get a letter."""
    with meter.counting() as bill:
        assert reviews.do(proposal, "comments", by="Mara", comment="A ramp?").status == 200
    assert bill.calls == (7, 3, 5), bill


def test_a_task_that_is_handed_over(meter, reviews, proposal):
    """Who has it now gets a letter. That Mara has caused one today is known from her comment."""
    assert reviews.do(proposal, "comments", by="Mara", comment="A ramp?").status == 200
    with meter.counting() as bill:
        assert reviews.do(proposal, "delegate", by="Mara", to="Lena").status == 200
    assert bill.calls == (7, 3, 3), bill


def test_a_decision_after_which_others_are_waited_for(meter, reviews, proposal):
    """Nobody gets a letter."""
    with meter.counting() as bill:
        assert reviews.decide(proposal, "Mara").status == 200
    assert bill.calls == (7, 2, 0), bill


def test_a_decision_that_opens_the_next_stage(meter, reviews, proposal):
    """Who is asked there gets a letter."""
    assert reviews.decide(proposal, "Mara").status == 200
    with meter.counting() as bill:
        assert reviews.decide(proposal, "Jonas").status == 200
    assert bill.calls == (7, 3, 3), bill


def test_the_final_decision(meter, reviews):
    """The author and everybody who was asked get a letter, the counter is told, the head is copied."""
    name = reviews.submit(stage("Mara"))
    with meter.counting() as bill:
        assert reviews.decide(name, "Mara").status == 200
    assert bill.calls == (8, 4, 4), bill


def test_a_decision_that_is_refused(meter, reviews, proposal):
    """Nothing is written, and nobody woken."""
    with meter.counting() as bill:
        assert reviews.decide(proposal, "Xaver").status == 403
    assert bill.calls == (0, 1, 0), bill


def test_a_decision_of_somebody_who_has_signed_in(meter, app, proposal):
    """Whether they are involved is known, so it costs no call."""
    url, form = f"{app.url}/api/proposals/{proposal}/decisions", {"decision": "approve"}
    with meter.counting() as bill:
        assert requests.post(url, json=form, headers={USER_HEADER: "Mara"}, timeout=60).status_code == 200
    assert bill.calls == (7, 2, 0), bill


def test_a_proposal_that_is_read(meter, reviews, proposal):
    """From its record alone."""
    with meter.counting() as bill:
        assert reviews.show(proposal)["status"] == "inReview"
    assert bill.calls == (0, 1, 0), bill


def test_fifty_decisions_at_once(meter, reviews):
    """Each is appended once; the record is hardly read, as those of one process wait for each other."""
    people = [f"Person {number}" for number in range(50)]
    name = reviews.submit(stage(*people, rule="all"))
    reviews.waits(name, *people)

    with meter.counting() as bill, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda person: reviews.decide(name, person), people))
    assert {answer.status for answer in answers} == {200}
    assert reviews.ended(name) == "approved"
    assert sum("comp=appendblock" in call for call in bill.app) >= 50
    assert bill.reads <= 3, bill  # by the workflow, which looks when it has done what the look before brought

"""Decision links: GET shows and changes nothing, POST decides once, and everything else is told apart."""

import json
import logging
import re
import uuid
from datetime import UTC, datetime, timedelta

import azure.functions as func
import pytest

from approvals.record.entries import Kind, Via
from approvals.rules.acceptance import accept
from approvals.rules.links import write_link
from clients.links import get_icon
from gateways.review_records import open_review_records
from tests.approvals.story import AUTHOR, BEGUN, Story, policy
from tests.clients.link_desk import KEYS, PUBLIC, Desk, text_of

TWO = policy(
    {"name": "design", "approvers": ["Ana", "Ben"], "windowHours": 10, "escalateTo": ["Eva"]},
    {"name": "release", "approvers": ["Cem"]},
    outcomes={"approve with conditions": "approve"},
)


@pytest.fixture(autouse=True)
def _links(monkeypatch):
    """Give each test records of its own, keys, and the time at which its story begins."""
    monkeypatch.setenv("RECORDS_CONTAINER", f"records-{uuid.uuid4().hex}")
    monkeypatch.setenv("LINK_KEYS", ",".join(KEYS))
    monkeypatch.setenv("PUBLIC_URL", PUBLIC)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str((BEGUN - datetime.now(UTC)).total_seconds()))


@pytest.fixture
def later(monkeypatch):
    """Return a function that lets hours go by."""

    def go(hours):
        offset = BEGUN - datetime.now(UTC) + timedelta(hours=hours)
        monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(offset.total_seconds()))

    return go


@pytest.fixture
def desk(call, client):
    """A proposal that Ana and Ben are asked about."""
    return Desk(call, client, Story(TWO).check())


async def test_a_link_shows_the_proposal_and_a_form(desk):
    """Who is asked, for what, until when, and the possible answers."""
    response = await desk.get()
    page = text_of(response)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    for shown in ("Bench", "Ana", "stage “design”", "Monday 2 March 2026, 19:00 UTC", "Ines", "100 EUR"):
        assert shown in page
    assert re.findall(r'name="decision" value="([^"]+)"', page) == [
        "approve", "approve with conditions", "changes", "reject",
    ]  # fmt: skip


async def test_opening_a_link_changes_nothing(desk):
    """Mail programs open it before anybody reads the letter, some of them several times."""
    before = desk.entries()
    for _ in range(3):
        assert (await desk.get()).status_code == 200
    assert desk.entries() == before
    assert desk.client.events == []


async def test_the_form_decides(desk):
    """As the person of the link; the record names the link, and the workflow is woken."""
    response = await desk.post(decision="approve", comment="Good.\r\nGo on.", proposalId="p1")
    assert response.status_code == 200
    assert "Your answer: Approve" in text_of(response)
    assert "Next, Cem must answer." in text_of(response)
    (decided,) = [entry for entry in desk.entries() if entry.kind is Kind.DECIDED]
    assert (decided.by, decided.via, decided.comment) == ("Ana", Via.LINK, "Good.\nGo on.")
    assert decided.link_id == desk.link.id
    assert [("p1", "Wake-4", {})] == desk.client.events


async def test_a_program_decides_with_json(desk):
    """It gets the same answer as from the decisions route."""
    response = await desk.send({"decision": "Approve With Conditions"})
    assert response.status_code == 200
    assert json.loads(response.get_body())["waitingFor"] == ["Cem"]
    assert desk.decisions() == [("Ana", "approve with conditions", "link")]


async def test_a_program_gets_json(desk):
    """With its choices."""
    shown = json.loads((await desk.get(Accept="application/json")).get_body())
    assert (shown["proposalId"], shown["person"], shown["stage"], shown["round"]) == ("p1", "Ana", "design", 1)
    assert [each["decision"] for each in shown["choices"] if each["needsComment"]] == ["changes"]


async def test_a_program_may_leave_the_token_in_the_query_string(desk):
    """One in the body wins."""
    assert (await desk.send({"decision": "approve", "token": "forged"})).status_code == 403
    assert (await desk.send({"decision": "approve", "token": 7})).status_code == 403
    assert (await desk.send({"decision": "approve", "token": desk.token}, "forged")).status_code == 200


async def test_a_link_is_used_once(desk):
    """The second time it says so, also on GET."""
    await desk.post(decision="approve")
    for decision in ("approve", "reject"):
        response = await desk.post(decision=decision)
        assert response.status_code == 409
        assert "has been used" in text_of(response)
    assert (await desk.get()).status_code == 409
    assert json.loads((await desk.send({"decision": "approve"})).get_body())["code"] == "replayed"
    assert desk.decisions() == [("Ana", "approve", "link")]


async def test_a_second_letters_link_does_not_answer_twice(desk):
    """A reminder has its own link."""
    await desk.post(decision="approve")
    response = await desk.post(desk.token_of(id="link-in-a-reminder"), decision="reject")
    assert response.status_code == 409
    assert len(desk.decisions()) == 1


async def test_a_late_person_learns_who_answered_first(desk):
    """One answer is enough in this stage."""
    desk.story.decides("Ben", "approve")
    desk.write()
    for response in (await desk.get(), await desk.post(decision="reject")):
        assert response.status_code == 409
        assert "approved by Ben" in text_of(response)


async def test_one_of_two_simultaneous_answers_wins_and_the_other_person_learns_it(desk, monkeypatch):
    """Although both saw the form."""
    monkeypatch.setattr(
        "clients.links.accept",
        lambda review, verb, actor, now, **known: _accept_then_ben(desk, review, verb, actor, now, **known),
    )
    response = await desk.post(decision="reject")
    assert response.status_code == 409
    assert "approved by Ben" in text_of(response)


async def test_a_link_expires_with_its_stage(desk, later):
    """To the second."""
    later(10)
    assert (await desk.get()).status_code == 410
    response = await desk.post(decision="approve")
    assert response.status_code == 410
    assert "has expired" in text_of(response)
    assert desk.decisions() == []


async def test_a_link_ends_with_an_escalation(desk):
    """Even if its time is not over by the clock of this host."""
    desk.story.passes(10)
    desk.write()
    for response in (await desk.get(), await desk.post(decision="approve")):
        assert response.status_code == 410
        assert "newer letter" in text_of(response)


async def test_a_link_ends_with_a_new_round(desk):
    """The document has changed since the letter."""
    desk.story.does("changes", approver="Ben", comment="Use oak.")
    desk.story.does("resubmit", by=AUTHOR, title="Oak bench")
    desk.story.check()
    desk.write()
    shown = await desk.get()
    assert shown.status_code == 409
    assert "changed the title" in shown.get_body().decode()
    assert (await desk.post(decision="approve")).status_code == 409
    assert desk.decisions() == []


async def test_the_link_of_a_person_who_delegated_does_not_answer(desk):
    """Only the delegate may answer."""
    desk.story.does("delegate", **{"from": "Ana", "to": "Dora"})
    desk.write()
    response = await desk.post(decision="approve")
    assert response.status_code == 403
    assert "Dora" in text_of(response)


async def test_a_withdrawn_proposal_cannot_be_decided(desk):
    """It has ended."""
    desk.story.does("withdraw", by=AUTHOR)
    desk.story.passes(0)
    desk.write()
    response = await desk.post(decision="approve")
    assert response.status_code == 409
    assert "withdrawn" in text_of(response)


@pytest.mark.parametrize("token", ["x", "a.b", "..", "%2e%2e", "é" * 10, "x" * 9_000])
async def test_an_invalid_token_is_refused(desk, token):
    """For any text."""
    assert (await desk.get(token)).status_code == 403
    assert (await desk.post(token, decision="approve")).status_code == 403


async def test_a_changed_link_is_a_forgery(desk):
    """At any character."""
    for place in range(0, len(desk.token), 7):
        other = "A" if desk.token[place] != "A" else "B"
        forged = desk.token[:place] + other + desk.token[place + 1 :]
        assert (await desk.post(forged, decision="approve")).status_code == 403
    assert desk.decisions() == []


async def test_a_link_with_a_removed_key_is_a_forgery(desk, monkeypatch):
    """A leaked key is removed from the setting; the newest key signs, and earlier ones still verify."""
    older = write_link(desk.link, KEYS[:1])
    assert (await desk.get(older)).status_code == 200
    monkeypatch.setenv("LINK_KEYS", KEYS[1])
    assert (await desk.get(older)).status_code == 403
    assert (await desk.get()).status_code == 200


async def test_without_keys_no_link_is_accepted(desk, monkeypatch):
    """An unsigned link must not count."""
    monkeypatch.delenv("LINK_KEYS")
    assert (await desk.get()).status_code == 403


async def test_an_answer_for_another_proposal_is_refused(desk):
    """The form belongs to another letter."""
    assert (await desk.post(decision="approve", proposalId="p2")).status_code == 403
    response = await desk.send({"decision": "approve", "proposalId": "p2"})
    assert (response.status_code, json.loads(response.get_body())["code"]) == (403, "otherProposal")
    assert desk.decisions() == []


async def test_a_link_to_a_missing_proposal_says_so(desk):
    """Retention may have removed it."""
    assert (await desk.get(desk.token_of(proposal="gone"))).status_code == 404


async def test_asking_for_changes_stops_the_clock(desk):
    """With a comment for the author; the link is used up."""
    response = await desk.post(decision="changes", comment="Use oak.")
    assert response.status_code == 200
    assert "Ines is asked to change it." in text_of(response)
    (asked,) = [entry for entry in desk.entries() if entry.kind is Kind.CHANGES_REQUESTED]
    assert (asked.by, asked.via, asked.comment) == ("Ana", Via.LINK, "Use oak.")
    assert (await desk.post(decision="changes", comment="Use oak.")).status_code == 409
    assert (await desk.post(decision="approve")).status_code == 409


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"decision": "changes", "comment": " "}, "Say what to change"),
        ({"comment": "Keep this."}, "Choose one of these answers."),
        ({"decision": "perhaps"}, "Choose one of these answers."),
        ({"decision": "approve", "comment": "x" * 8_001}, "at most 8000 characters"),
        ({"decision": "approve", "approver": "Eva"}, "approver"),
        ({"decision": "approve", "comment": "\x00"}, "control characters"),
    ],
)
async def test_a_missing_field_is_shown_with_the_filled_in_form(desk, fields, told):
    """Nobody has to write the comment twice."""
    response = await desk.post(**fields)
    assert response.status_code == 400
    assert told in text_of(response)
    assert fields.get("comment", "").strip() in text_of(response)
    assert desk.decisions() == []


async def test_a_program_gets_each_fault(desk):
    """With its field."""
    response = await desk.send({"comment": 7})
    assert response.status_code == 400
    assert len(json.loads(response.get_body())["errors"]) == 2


async def test_an_sdk_envelope_decides_nothing(desk):
    """Durable functions would turn it into an object of a class."""
    envelope = {"__class__": "Decide", "__module__": "approvals.rules.verbs", "__data__": "approve"}
    assert (await desk.send({"decision": envelope})).status_code == 400
    assert (await desk.send({**envelope, "decision": "approve"})).status_code == 400
    assert desk.decisions() == []


async def test_a_page_of_another_site_cannot_send_the_form(desk):
    """Browsers report the form's origin; a JSON client gets the refusal in JSON."""
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        response = await desk.post(decision="approve", headers=headers)
        assert response.status_code == 403
        assert "another site" in text_of(response)
    assert desk.decisions() == []


@pytest.mark.parametrize("headers", [{"Origin": PUBLIC}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}])
async def test_the_apps_own_page_can_send_the_form(desk, headers):
    """Also if the public address differs from the one of this host."""
    assert (await desk.post(decision="approve", headers=headers)).status_code == 200


async def test_an_unreadable_body_decides_nothing(desk):
    """It is too large, of another type, or not what its type says."""
    text = await desk.post(decision="approve", headers={"Content-Type": "text/plain"})
    large = await desk.post(decision="approve", comment="x" * 200_000)
    broken = [await desk.send(body) for body in (b"", b"[]", b"{", b'{"decision": "approve", "decision": "reject"}')]
    assert [415, 413, 400, 400, 400, 400] == [answer.status_code for answer in (text, large, *broken)]
    assert desk.decisions() == []


async def test_every_answer_forbids_scripts_frames_and_caching(desk):
    """Pages, faults, refusals and JSON."""
    answers = [
        await desk.get(),
        await desk.get("forged"),
        await desk.get(Accept="application/json"),
        await desk.get("forged", Accept="application/json"),
        await desk.post(),
        await desk.post(decision="approve"),
        await desk.post(decision="approve"),
    ]
    assert [200, 403, 200, 403, 400, 200, 409] == [answer.status_code for answer in answers]
    for answer in answers:
        headers = answer.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert "<script" not in text_of(answer)
        assert not re.search(r"\sstyle=|\son[a-z]+=", text_of(answer))


async def test_only_the_page_holds_the_token_and_no_answer_a_management_key(desk, caplog):
    """A reader of the logs could decide with it. The page has it for its visitor."""
    caplog.set_level(logging.DEBUG, "greenlight")
    page = await desk.get()
    assert (desk.token in text_of(page), desk.token in str(dict(page.headers))) == (True, False)
    answers = [
        await desk.get(Accept="application/json"),
        await desk.get("forged-token"),
        await desk.file("forged.png"),
        await desk.post("forged-token", decision="approve"),
        await desk.post(decision="approve"),
        await desk.post(decision="approve"),
    ]
    shown = "".join(text_of(answer) + json.dumps(dict(answer.headers)) for answer in answers) + caplog.text
    for secret in (desk.token, desk.token[-20:], "forged-token", "/runtime/webhooks", "code=", *KEYS):
        assert secret not in shown
    assert "forged" in caplog.text


async def test_a_damaged_record_decides_nothing(desk):
    """It is not shown either."""
    blob = open_review_records()._blob("p1")  # type: ignore[attr-defined]
    content = blob.download_blob().readall().replace(b"Bench", b"Bunch")
    blob.delete_blob()
    blob.create_append_blob()
    blob.append_block(content)
    assert (await desk.get()).status_code == 500
    assert (await desk.post(decision="approve")).status_code == 500


def _accept_then_ben(desk, review, verb, actor, now, **known):
    """Judge, and let Ben's answer into the record in the moment after it."""
    judged = accept(review, verb, actor, now, **known)
    desk.story.decides("Ben", "approve")
    desk.write()
    return judged


def test_the_icon_is_the_same_for_everybody():
    """A browser requests it without the token."""
    told = get_icon._function.get_user_function()(func.HttpRequest("GET", "/api/decide/icon.svg", body=b""))
    assert (told.status_code, told.mimetype) == (200, "image/svg+xml")
    assert told.get_body().startswith(b"<svg ")

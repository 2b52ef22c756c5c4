"""What is kept of letters goes some time after its proposal has ended, and never so that a letter goes twice."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from approvals.words.notices import Letter
from gateways import clock
from gateways.connections import open_blob_service, open_table_service
from gateways.letters.limits import TableLimits
from gateways.letters.mail import MailServer, Outbox, forget_old_letters, open_outbox, open_post
from gateways.letters.old_letters import forget_counts, forget_files, forget_rows
from gateways.letters.smtp import Line, Server
from gateways.operations import TableOperations
from tests.gateways.mail_server import mail_server

LATER = datetime.now(UTC) + timedelta(days=1)
"""Everything that these tests write is from before then."""
EARLIER = datetime.now(UTC) - timedelta(days=1)


def letter(proposal="p-1"):
    """A letter about a proposal."""
    return Letter(
        to_name="Mara", to_address="mara@example.org", subject="x", text="x", html="<p>x</p>", proposal_id=proposal
    )


@pytest.fixture
def outbox():
    """A container of this test's own."""
    return open_blob_service().create_container(f"outbox-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def table():
    """Return a function that makes a table of this test's own."""
    return lambda: open_table_service().create_table(f"T{uuid.uuid4().hex[:12]}")


@pytest.fixture
def post(table):
    """A mail server that takes what it gets, and its table."""
    with mail_server() as running:
        letters = table()
        server = Server(host="127.0.0.1", port=running.port, line=Line.PLAIN)
        yield MailServer(server, letters, TableOperations(table())), letters, running


def files(outbox):
    """The names of the letters that are there."""
    return sorted(outbox.list_blob_names())


def test_letters_of_ended_proposals_go(outbox):
    """Those of others stay, and so do young ones."""
    for name in ("ended", "open"):
        for key in ("1-asked-a", "2-ended-b"):
            assert Outbox(outbox).send(letter(name), key=key)
    assert forget_files(outbox, finished={"ended"}, before=EARLIER, most=99) == 0
    assert forget_files(outbox, finished={"ended"}, before=LATER, most=99) == 2
    assert files(outbox) == ["open/1-asked-a.eml", "open/2-ended-b.eml"]


def test_the_age_of_a_letter_is_told_by_the_clock_of_the_app(outbox, monkeypatch):
    """In virtual time the app's clock is ahead of storage's, so a letter of now would look old."""
    monkeypatch.setattr(clock, "now", lambda: LATER + timedelta(days=60))
    Outbox(outbox).send(letter(), key="1-asked-a")
    assert forget_files(outbox, finished={"p-1"}, before=LATER + timedelta(days=30), most=99) == 0
    assert forget_files(outbox, finished={"p-1"}, before=LATER + timedelta(days=90), most=99) == 1


def test_a_letter_without_a_time_is_as_old_as_its_blob(outbox):
    """Earlier versions wrote such letters."""
    outbox.upload_blob("p-1/1-asked-a.eml", b"Hello")
    assert forget_files(outbox, finished={"p-1"}, before=EARLIER, most=99) == 0
    assert forget_files(outbox, finished={"p-1"}, before=LATER, most=99) == 1


def test_a_run_forgets_no_more_than_it_may(outbox):
    """The next one goes on."""
    for number in range(5):
        Outbox(outbox).send(letter(), key=f"{number}-asked-a")
    gone = [forget_files(outbox, finished={"p-1"}, before=LATER, most=2) for _ in range(4)]
    assert (gone, files(outbox)) == ([2, 2, 1, 0], [])


def test_a_letter_that_another_run_deletes_meanwhile_is_no_error(outbox, monkeypatch):
    """Two timers may run at the same time."""
    for number in range(2):
        Outbox(outbox).send(letter(), key=f"{number}-asked-a")
    delete = outbox.delete_blobs

    def late(*names, **how):
        outbox.delete_blob(names[0])
        return delete(*names, **how)

    monkeypatch.setattr(outbox, "delete_blobs", late)
    assert forget_files(outbox, finished={"p-1"}, before=LATER, most=99) == 2
    assert files(outbox) == []


def test_rows_of_letters_that_went_go(post):
    """Those of others stay, and so do young ones; nothing is sent again before."""
    sender, letters, running = post
    for name in ("ended", "open"):
        for key in ("1-asked-a", "2-ended-b"):
            assert sender.send(letter(name), key=key)
    assert forget_rows(letters, finished={"ended"}, before=EARLIER, most=99) == 0
    assert not sender.send(letter("ended"), key="1-asked-a")
    assert forget_rows(letters, finished={"ended"}, before=LATER, most=99) == 2
    assert [row["ProposalId"] for row in letters.list_entities()] == ["open", "open"]
    assert not sender.send(letter("open"), key="1-asked-a")
    assert len(running.letters) == 4


def test_rows_of_letters_that_did_not_go_stay(post):
    """Operators see them, and may send them."""
    sender, letters, running = post
    running.answers["RCPT"] = "550 no such mailbox"
    assert not sender.send(letter(), key="1-asked-a")
    assert forget_rows(letters, finished={"p-1"}, before=LATER, most=99) == 0
    assert [row["State"] for row in letters.list_entities()] == ["refused"]


def test_more_rows_than_one_call_takes_go(table):
    """A hundred and twenty letters about one proposal, and no more than a run may."""
    letters = table()
    rows = [
        {"PartitionKey": "p-1", "RowKey": f"{number:03d}", "ProposalId": "p-1", "State": "sent", "ClaimedAt": "2020"}
        for number in range(130)
    ]
    for start in (0, 100):
        letters.submit_transaction([("create", row) for row in rows[start : start + 100]])
    assert forget_rows(letters, finished={"p-1"}, before=LATER, most=120) == 120
    assert len(list(letters.list_entities())) == 10


@pytest.mark.parametrize("changed", ["000", "115"])
def test_a_row_that_changes_meanwhile_stays(table, monkeypatch, changed):
    """With those of its call; what other calls delete is counted."""
    letters = table()
    rows = [
        {"PartitionKey": "p-1", "RowKey": f"{number:03d}", "ProposalId": "p-1", "State": "sent", "ClaimedAt": "2020"}
        for number in range(120)
    ]
    for start in (0, 100):
        letters.submit_transaction([("create", row) for row in rows[start : start + 100]])
    submit = letters.submit_transaction

    def late(operations, **how):
        letters.update_entity({"PartitionKey": "p-1", "RowKey": changed, "State": "sending"})
        return submit(operations, **how)

    monkeypatch.setattr(letters, "submit_transaction", late)
    left = 100 if changed == "000" else 20
    assert forget_rows(letters, finished={"p-1"}, before=LATER, most=120) == 120 - left
    assert len(list(letters.list_entities())) == left
    monkeypatch.undo()
    assert forget_rows(letters, finished={"p-1"}, before=LATER, most=120) == left - 1
    assert [row["RowKey"] for row in letters.list_entities()] == [changed]


def test_counts_of_past_days_go(table, monkeypatch):
    """Those of today and yesterday stay, by any clock of this earth."""
    limits, now = table(), clock.now()
    for days, holder in ((0, "today"), (1, "yesterday"), (2, "past"), (400, "long past")):
        monkeypatch.setattr("gateways.letters.limits.clock.now", lambda days=days: now - timedelta(days=days))
        assert TableLimits(limits).admit(["1"], holder=holder, most=9) == {"1"}
    monkeypatch.undo()
    assert forget_counts(limits, now=now, most=1) == 1
    assert forget_counts(limits, now=now, most=9) == 1
    assert sorted(row["Day"] for row in limits.list_entities()) == [
        (now - timedelta(days=1)).date().isoformat(), now.date().isoformat(),
    ]  # fmt: skip


def test_a_count_that_is_used_meanwhile_stays(table, monkeypatch):
    """Somebody counts a letter of today in it."""
    limits, now = table(), clock.now()
    row = {"PartitionKey": "p", "RowKey": "letters", "Day": "2020-01-01", "Letters": "a"}
    limits.create_entity(row)
    delete = limits.delete_entity

    def late(*what, **how):
        limits.update_entity({**row, "Day": now.date().isoformat()})
        return delete(*what, **how)

    monkeypatch.setattr(limits, "delete_entity", late)
    assert forget_counts(limits, now=now, most=9) == 0
    assert [each["Day"] for each in limits.list_entities()] == [now.date().isoformat()]


def test_all_that_is_kept_of_letters_goes_at_once(monkeypatch):
    """Of the settings' own containers and tables, up to as many letters as a run may forget."""
    name = f"p-{uuid.uuid4().hex}"
    monkeypatch.setenv("OUTBOX_CONTAINER", f"outbox-{uuid.uuid4().hex[:8]}")
    open_post().send(letter(name), key="1-asked-a")
    assert forget_old_letters(finished={name}, before=LATER, most=9) == 1
    assert files(open_outbox()) == []

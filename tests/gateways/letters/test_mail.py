"""Letters: each goes once, to a container or to a real mail server on this machine that sometimes fails."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError

from approvals.words.notices import Letter
from gateways import clock
from gateways.containers import open_container
from gateways.letters.mail import MailServer, open_post
from gateways.letters.messages import SenderWrong
from gateways.letters.smtp import NotSent
from gateways.operations import TableOperations, open_operations
from gateways.tables import keys, open_table
from tests.gateways.losing import losing
from tests.gateways.mail_server import mail_server

KEY = "3-asked-0123456789abcdef"
FOR_GOOD = 9
"""More often than the SDK asks."""


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    """No mail server, and an outbox of these tests' own."""
    for name in ("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "MAIL_FROM", "CLOCK_OFFSET_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OUTBOX_CONTAINER", "mail-tests")


@pytest.fixture
def server(monkeypatch):
    """A mail server that the settings name."""
    with mail_server() as running:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(running.port))
        monkeypatch.setenv("MAIL_FROM", "Greenlight <greenlight@example.org>")
        yield running


def letter(**change):
    """Return a letter of a proposal of its own."""
    facts = {
        "to_name": "Mara Lindqvist", "to_address": "mara@example.org", "subject": "Über die Brücke",
        "text": "Bitte entscheiden: http://localhost/x?a=b\n" + "é" * 300 + "\n.\nEnd", "html": "<p>Über</p>",
        "proposal_id": uuid.uuid4().hex,
    }  # fmt: skip
    return Letter(**{**facts, **change})


def in_outbox(sent, key=KEY):
    """Return the letter as it lies in the outbox."""
    content = open_container("mail-tests").download_blob(f"{sent.proposal_id}/{key}.eml").readall()
    return message_from_bytes(content, policy=default)


def body(message, kind):
    """Return one of the two forms of a letter."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def state(sent, key=KEY):
    """Return what is on record of a letter that went to a mail server."""
    row = keys(sent.proposal_id, "letter", key)
    return open_table("Letters").get_entity(row["PartitionKey"], row["RowKey"])["State"]


def test_without_a_mail_server_letters_are_put_into_the_outbox():
    """As a mail program would open them, text and HTML."""
    sent = letter()
    assert open_post().send(sent, key=KEY)
    message = in_outbox(sent)
    assert (message["To"], message["Subject"]) == ("Mara Lindqvist <mara@example.org>", "Über die Brücke")
    assert (body(message, "plain"), body(message, "html")) == (sent.text + "\n", sent.html + "\n")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Greenlight <greenlight@localhost>"


def test_the_outbox_takes_a_letter_once():
    """What was put down first stays."""
    sent = letter()
    answers = [
        open_post().send(letter(proposal_id=sent.proposal_id, subject=subject), key=KEY) for subject in ("a", "b")
    ]
    assert answers == [True, False]
    assert in_outbox(sent)["Subject"] == "a"
    assert open_post().send(sent, key="4-reminded-0123456789abcdef")


def test_a_letter_without_an_address_is_put_down_all_the_same():
    """People see in the outbox who would have been told."""
    sent = letter(to_address=None)
    assert open_post().send(sent, key=KEY)
    assert in_outbox(sent)["To"].addresses[0].display_name == "Mara Lindqvist"


@pytest.mark.parametrize(
    ("proposal_id", "key"), [("../x", KEY), ("p-1", "../x"), ("p-1", "a/b"), ("p-1", ""), ("", KEY)]
)
def test_no_letter_lies_elsewhere(proposal_id, key):
    """Its place is made of two plain names."""
    with pytest.raises(ValueError, match="not valid for a letter"):
        open_post().send(letter(proposal_id=proposal_id), key=key)


def test_a_mail_server_gets_each_letter_once(server):
    """With the same text, and a Message-ID that belongs to the letter."""
    sent = letter()
    assert [open_post().send(sent, key=KEY) for _ in range(3)] == [True, False, False]
    (message,) = server.letters
    assert (message["To"], message["Subject"]) == ("Mara Lindqvist <mara@example.org>", "Über die Brücke")
    assert (body(message, "plain"), body(message, "html")) == (sent.text + "\n", sent.html + "\n")
    assert message["Message-ID"].endswith("@example.org>")
    assert state(sent) == "sent"


def test_of_many_who_send_a_letter_at_once_one_does(server):
    """The others hear that it is gone, or to come again."""
    sent = letter()

    def send(_):
        try:
            return open_post().send(sent, key=KEY)
        except NotSent:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert answers.count(True) == 1
    assert len(server.letters) == 1


def test_letters_of_one_proposal_are_one_thread(server):
    """And each has an id of its own."""
    sent = letter()
    open_post().send(sent, key="1-asked-a")
    open_post().send(sent, key="2-ended-a")
    first, second = server.letters
    assert first["References"] == second["References"] != first["Message-ID"] != second["Message-ID"]


def test_after_a_crash_in_the_middle_the_same_letter_goes_again(server, monkeypatch):
    """Nobody knows whether it went; under one Message-ID the mailbox does."""
    sent = letter()
    post = open_post()

    def cut(*_):
        raise ServiceRequestError("storage went away")

    with monkeypatch.context() as broken:
        broken.setattr(MailServer, "_mark", cut)
        with pytest.raises(ServiceRequestError):
            post.send(sent, key=KEY)
    with pytest.raises(NotSent, match="another process has been sending"):
        post.send(sent, key=KEY)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "301")
    assert post.send(sent, key=KEY)
    assert not post.send(sent, key=KEY)
    first, second = server.letters
    assert first["Message-ID"] == second["Message-ID"]


def test_of_two_who_find_a_letter_given_up_one_sends_it(server):
    """The row that was read must still be the same."""
    sent = letter()
    row = {**keys(sent.proposal_id, "letter", KEY), "State": "sending"}
    open_table("Letters").create_entity({**row, "ClaimedAt": (clock.now() - timedelta(hours=1)).isoformat()})
    with ThreadPoolExecutor(8) as pool:
        attempts = [pool.submit(open_post().send, sent, key=KEY) for _ in range(8)]
        results = [attempt.exception() or attempt.result() for attempt in attempts]
    assert results.count(True) == 1
    assert len(server.letters) == 1


@pytest.mark.parametrize("lost", [0, 1], ids=["the claim", "the mark"])
def test_a_letter_whose_claim_or_mark_was_not_answered_goes_once_and_at_once(server, lost):
    """The sender knows its own claim again, and does not wait for whoever else might be sending."""
    sent = letter()
    with losing(lost):
        assert open_post().send(sent, key=KEY)
    assert not open_post().send(sent, key=KEY)
    assert len(server.letters) == 1


def test_a_claim_that_is_taken_over_and_not_answered_is_ones_own(server, monkeypatch):
    """Whoever had it died; the claim is a replacement then."""
    sent = letter()
    with losing(0, times=FOR_GOOD), pytest.raises(AzureError):
        open_post().send(sent, key=KEY)
    with pytest.raises(NotSent):
        open_post().send(sent, key=KEY)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "301")
    with losing(1):
        assert open_post().send(sent, key=KEY)
    assert len(server.letters) == 1


def test_a_letter_that_has_gone_is_not_sent_again_because_that_could_not_be_written_down(server, caplog):
    """It is told, and the log says what is missing."""
    sent = letter()
    with losing(1, times=FOR_GOOD):
        assert open_post().send(sent, key=KEY)
    assert not open_post().send(sent, key=KEY)
    assert len(server.letters) == 1
    assert "this could not be recorded" in caplog.text


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": "451 try later"},
        {"RCPT": "450 the mailbox is busy"},
        {"DATA": "452 no room"},
        {"after DATA": "451 try later"},
        {"EHLO": "hang up", "HELO": "hang up"},
        {"after DATA": "hang up"},
    ],
)
def test_what_may_pass_is_tried_again_at_once(server, answers):
    """The next attempt need not wait, and is the same letter."""
    sent = letter()
    server.answers = answers
    with pytest.raises(NotSent, match="mail server"):
        open_post().send(sent, key=KEY)
    assert state(sent) == "unsent"
    server.answers = {}
    assert open_post().send(sent, key=KEY)
    assert len({message["Message-ID"] for message in server.letters}) == 1


@pytest.mark.parametrize("answers", [{"RCPT": "550 no such mailbox"}, {"after DATA": "554 looks like spam"}])
def test_what_can_never_be_sent_is_given_up_and_logged(server, answers, caplog):
    """Without the address; the workflow goes on, and the letter is not tried again."""
    sent = letter()
    server.answers = answers
    assert not open_post().send(sent, key=KEY)
    server.answers, server.said = {}, []
    assert not open_post().send(sent, key=KEY)
    assert (server.said, state(sent)) == ([], "refused")
    assert "can never be sent" in caplog.text
    assert "mara@example.org" not in caplog.text


def noted(sent):
    """What operators are told of a letter."""
    return [
        (each.state.value, each.reason) for each in open_operations().letters() if each.proposal_id == sent.proposal_id
    ]


def test_operators_see_what_has_not_gone_until_it_has(server):
    """With the reason of the last attempt, and without the address."""
    sent, stranger = letter(), letter(to_address=None)
    server.answers = {"MAIL": "451 try later"}
    with pytest.raises(NotSent):
        open_post().send(sent, key=KEY)
    ((state_now, reason),) = noted(sent)
    assert (state_now, "451" in reason, "mara" in reason) == ("unsent", True, False)
    server.answers = {}
    assert open_post().send(sent, key=KEY)
    assert noted(sent) == []
    assert not open_post().send(stranger, key=KEY)
    assert noted(stranger) == [("refused", "the address of this person is not known")]


@pytest.mark.usefixtures("server")
def test_a_letter_that_goes_at_once_costs_no_more_than_before(monkeypatch):
    """Two writes of its own row; what operators see is not asked."""

    def fail(*_, **__):
        raise AssertionError

    for each in ("note_letter", "forget_letter"):
        monkeypatch.setattr(TableOperations, each, fail)
    assert open_post().send(letter(), key=KEY)


def test_a_farewell_that_fails_is_no_failure(server):
    """The letter was taken."""
    server.answers = {"QUIT": "500 what?"}
    assert open_post().send(letter(), key=KEY)


def test_a_letter_for_somebody_without_an_address_is_not_sent(server, caplog):
    """The log says so; when the directory has them, later letters go."""
    assert not open_post().send(letter(to_address=None), key=KEY)
    assert server.said == []
    assert "the address is not known" in caplog.text


def test_a_name_that_is_an_address_is_written_to_in_the_allowed_domains(server, monkeypatch):
    """Teams without a directory name people so; strangers get no letter in the organisation's name."""
    stranger = letter(to_name="mara@example.org", to_address=None)
    assert not open_post().send(stranger, key=KEY)
    assert server.letters == []
    monkeypatch.setenv("MAIL_DOMAINS", "example.com, Example.org")
    assert open_post().send(letter(to_name="mara@example.org", to_address=None), key=KEY)
    assert server.letters[0]["To"].addresses[0].addr_spec == "mara@example.org"


@pytest.mark.parametrize(
    "name", ["Mara\r\nBcc: victim@example.org", "Mara, the <b>Boss</b>", '"Mara"', "Ma\tra @ home"]
)
def test_no_name_adds_a_header_or_a_recipient(server, name):
    """Whatever it holds."""
    open_post().send(letter(to_name=name, subject=f"For {name}"), key=KEY)
    (message,) = server.letters
    assert [each.addr_spec for each in message["To"].addresses] == ["mara@example.org"]
    assert message["Bcc"] is None
    assert server.said.count("RCPT") == 1


@pytest.mark.usefixtures("server")
def test_a_sender_that_is_none_is_told(monkeypatch):
    """Before the letter is claimed."""
    monkeypatch.setenv("MAIL_FROM", "nobody")
    sent = letter()
    with pytest.raises(SenderWrong, match="MAIL_FROM"):
        open_post().send(sent, key=KEY)
    monkeypatch.setenv("MAIL_FROM", "greenlight@example.org")
    assert open_post().send(sent, key=KEY)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Mara Lindqvist", "mara.lindqvist"),
        ("Zoë O'Brien-Süß", "zoe.obrien.su"),
        ("陳大文", "somebody"),
        ("x" * 70, "x" * 64),
    ],
)
def test_in_development_a_mail_catcher_gets_letters_to_everybody(server, monkeypatch, name, address):
    """So that somebody who tries the app out needs no directory; the address is one of this machine."""
    monkeypatch.setenv("AUTH_MODE", "development")
    sent = letter(to_name=name, to_address=None)
    assert open_post().send(sent, key=KEY)
    (message,) = server.letters
    assert message["To"].addresses[0].addr_spec == f"{address}@localhost"
    assert state(sent) == "sent"


def test_elsewhere_nobody_gets_an_address_that_the_directory_does_not_have(server, monkeypatch):
    """Neither where callers sign in, nor from a mail server that sends letters on."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    assert not open_post().send(letter(to_address=None), key=KEY)
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    assert not open_post().send(letter(to_address=None), key=KEY)
    assert server.said == []

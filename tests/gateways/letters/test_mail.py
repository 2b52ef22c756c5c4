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
from tests.gateways.lost_answers import losing_answers
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


def letter_in_outbox(sent, key=KEY):
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


def test_without_a_mail_server_letters_go_to_the_outbox():
    """In the form that a mail program opens, text and HTML."""
    sent = letter()
    assert open_post().send(sent, key=KEY)
    message = letter_in_outbox(sent)
    assert (message["To"], message["Subject"]) == ("Mara Lindqvist <mara@example.org>", "Über die Brücke")
    assert (body(message, "plain"), body(message, "html")) == (sent.text + "\n", sent.html + "\n")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Greenlight <greenlight@localhost>"


def test_the_outbox_stores_a_letter_once():
    """The first version stays."""
    sent = letter()
    answers = [
        open_post().send(letter(proposal_id=sent.proposal_id, subject=subject), key=KEY) for subject in ("a", "b")
    ]
    assert answers == [True, False]
    assert letter_in_outbox(sent)["Subject"] == "a"
    assert open_post().send(sent, key="4-reminded-0123456789abcdef")


def test_a_letter_without_an_address_goes_to_the_outbox_too():
    """So that people see who would have been notified."""
    sent = letter(to_address=None)
    assert open_post().send(sent, key=KEY)
    assert letter_in_outbox(sent)["To"].addresses[0].display_name == "Mara Lindqvist"


@pytest.mark.parametrize(
    ("proposal_id", "key"), [("../x", KEY), ("p-1", "../x"), ("p-1", "a/b"), ("p-1", ""), ("", KEY)]
)
def test_an_invalid_id_or_key_of_a_letter_is_refused(proposal_id, key):
    """They make its blob name, which must not lead elsewhere."""
    with pytest.raises(ValueError, match="not valid for a letter"):
        open_post().send(letter(proposal_id=proposal_id), key=key)


def test_a_mail_server_gets_each_letter_once(server):
    """With the same text, and the letter's own Message-ID."""
    sent = letter()
    assert [open_post().send(sent, key=KEY) for _ in range(3)] == [True, False, False]
    (message,) = server.letters
    assert (message["To"], message["Subject"]) == ("Mara Lindqvist <mara@example.org>", "Über die Brücke")
    assert (body(message, "plain"), body(message, "html")) == (sent.text + "\n", sent.html + "\n")
    assert message["Message-ID"].endswith("@example.org>")
    assert state(sent) == "sent"


def test_one_of_many_simultaneous_senders_sends_a_letter(server):
    """The others learn that it is sent, or to try again."""
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
    """Each has its own id."""
    sent = letter()
    open_post().send(sent, key="1-asked-a")
    open_post().send(sent, key="2-ended-a")
    first, second = server.letters
    assert first["References"] == second["References"] != first["Message-ID"] != second["Message-ID"]


def test_after_a_crash_during_sending_the_same_letter_is_sent_again(server, monkeypatch):
    """Nobody knows whether it left; the mailbox recognises the Message-ID."""
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


def test_one_of_two_who_take_over_a_letter_sends_it(server):
    """The row must still be the one that was read."""
    sent = letter()
    row = {**keys(sent.proposal_id, "letter", KEY), "State": "sending"}
    open_table("Letters").create_entity({**row, "ClaimedAt": (clock.now() - timedelta(hours=1)).isoformat()})
    with ThreadPoolExecutor(8) as pool:
        attempts = [pool.submit(open_post().send, sent, key=KEY) for _ in range(8)]
        results = [attempt.exception() or attempt.result() for attempt in attempts]
    assert results.count(True) == 1
    assert len(server.letters) == 1


@pytest.mark.parametrize("lost", [0, 1], ids=["the claim", "the mark"])
def test_a_letter_whose_claim_or_mark_lost_its_answer_is_sent_once_and_at_once(server, lost):
    """The sender recognises its own claim, and does not wait for another sender."""
    sent = letter()
    with losing_answers(lost):
        assert open_post().send(sent, key=KEY)
    assert not open_post().send(sent, key=KEY)
    assert len(server.letters) == 1


def test_a_taken_over_claim_that_lost_its_answer_is_recognised(server, monkeypatch):
    """The first sender died; the new claim replaces its row."""
    sent = letter()
    with losing_answers(0, times=FOR_GOOD), pytest.raises(AzureError):
        open_post().send(sent, key=KEY)
    with pytest.raises(NotSent):
        open_post().send(sent, key=KEY)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "301")
    with losing_answers(1):
        assert open_post().send(sent, key=KEY)
    assert len(server.letters) == 1


def test_a_sent_letter_is_not_repeated_if_its_mark_cannot_be_stored(server, caplog):
    """It counts as sent, and the log says what is missing."""
    sent = letter()
    with losing_answers(1, times=FOR_GOOD):
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
def test_a_temporary_failure_may_be_retried_at_once(server, answers):
    """The next attempt need not wait, and sends the same letter."""
    sent = letter()
    server.answers = answers
    with pytest.raises(NotSent, match="mail server"):
        open_post().send(sent, key=KEY)
    assert state(sent) == "unsent"
    server.answers = {}
    assert open_post().send(sent, key=KEY)
    assert len({message["Message-ID"] for message in server.letters}) == 1


@pytest.mark.parametrize("answers", [{"RCPT": "550 no such mailbox"}, {"after DATA": "554 looks like spam"}])
def test_a_letter_that_can_never_be_sent_is_given_up_and_logged(server, answers, caplog):
    """Without the address; the workflow goes on, and the letter is not retried."""
    sent = letter()
    server.answers = answers
    assert not open_post().send(sent, key=KEY)
    server.answers, server.commands = {}, []
    assert not open_post().send(sent, key=KEY)
    assert (server.commands, state(sent)) == ([], "refused")
    assert "can never be sent" in caplog.text
    assert "mara@example.org" not in caplog.text


def operators_notes(sent):
    """What operators are told of a letter."""
    return [
        (each.state.value, each.reason) for each in open_operations().letters() if each.proposal_id == sent.proposal_id
    ]


def test_operators_see_unsent_letters_until_they_are_sent(server):
    """With the reason of the last attempt, and without the address."""
    sent, stranger = letter(), letter(to_address=None)
    server.answers = {"MAIL": "451 try later"}
    with pytest.raises(NotSent):
        open_post().send(sent, key=KEY)
    ((state_now, reason),) = operators_notes(sent)
    assert (state_now, "451" in reason, "mara" in reason) == ("unsent", True, False)
    server.answers = {}
    assert open_post().send(sent, key=KEY)
    assert operators_notes(sent) == []
    assert not open_post().send(stranger, key=KEY)
    assert operators_notes(stranger) == [("refused", "the address of this person is not known")]


@pytest.mark.usefixtures("server")
def test_a_letter_sent_at_once_costs_two_writes(monkeypatch):
    """Both of its own row; the list for operators is not touched."""

    def fail(*_, **__):
        raise AssertionError

    for each in ("note_letter", "forget_letter"):
        monkeypatch.setattr(TableOperations, each, fail)
    assert open_post().send(letter(), key=KEY)


def test_a_failed_quit_is_no_failure(server):
    """The server accepted the letter."""
    server.answers = {"QUIT": "500 what?"}
    assert open_post().send(letter(), key=KEY)


def test_a_letter_for_a_person_without_an_address_is_not_sent(server, caplog):
    """The log says so; later letters are sent once the directory has the address."""
    assert not open_post().send(letter(to_address=None), key=KEY)
    assert server.commands == []
    assert "the address is not known" in caplog.text


def test_a_name_that_is_an_address_gets_letters_in_the_allowed_domains(server, monkeypatch):
    """Teams without a directory use addresses as names; strangers get no letter in the organisation's name."""
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
    """With any characters."""
    open_post().send(letter(to_name=name, subject=f"For {name}"), key=KEY)
    (message,) = server.letters
    assert [each.addr_spec for each in message["To"].addresses] == ["mara@example.org"]
    assert message["Bcc"] is None
    assert server.commands.count("RCPT") == 1


@pytest.mark.usefixtures("server")
def test_an_invalid_sender_is_an_error(monkeypatch):
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
    assert server.commands == []

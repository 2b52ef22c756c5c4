"""No write is lost or doubled, whichever answer of storage gets lost: each call of each gateway is tried.

The answer is lost once, so that the SDK, which asks again, meets its own effect; and for good, so that the caller, an
activity or whoever sends a request again, does the whole once more.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from azure.core.exceptions import AzureError

from approvals.attachments import upload_of
from approvals.billing import Bill
from approvals.budgets import Booking
from approvals.decision import Decision
from approvals.findings import Checked, Finding, FindingsRecord, add_up
from approvals.intake import SummarisedEntry, Undo, ValidEntry
from approvals.jobs import Alert
from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.retention import EndedInstance
from approvals.rules.acceptance import Actor
from approvals.rules.progress import begin, checked, settle
from approvals.rules.verbs import Attach, Comment, Decide, Delegate, RequestChanges, Withdraw
from approvals.single_stage.outcome import AnswerRequest, Outcome
from approvals.words.notices import Letter
from gateways.attachments import open_attachments
from gateways.audit import open_audit
from gateways.blobs import open_blobs
from gateways.containers import open_container
from gateways.findings import open_findings
from gateways.invoices import open_invoices
from gateways.jobs import open_jobs
from gateways.kept_heads import open_kept_heads
from gateways.ledger import open_ledger
from gateways.letters.link_keys import CONTAINER, _of_this_machine
from gateways.letters.mail import open_post
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.register import open_register
from gateways.review_records import open_review_records
from gateways.single_stage_records import Answer, open_single_stage_records
from gateways.tables import open_table
from services.review_changes import add, record_verb
from tests.gateways.lost_answers import losing_answers
from tests.gateways.operators_writes import Write, claim_of_message, message_put_aside, note_of_letter, operators_act

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OPENED = NOW.isoformat()
WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all"}]})
KEY = "3-asked-0123456789abcdef"
FOR_GOOD = 9
"""More often than the SDK asks."""


@pytest.fixture(autouse=True)
def _own_places(monkeypatch):
    """Containers and counters of these tests' own, which are there already; no mail server."""
    for name in ("RECORDS_CONTAINER", "OUTBOX_CONTAINER", "REGISTER_CONTAINER", "ATTACHMENTS_CONTAINER"):
        monkeypatch.setenv(name, "lost-answers")
    monkeypatch.delenv("SMTP_HOST", raising=False)
    open_container("lost-answers")
    open_container(CONTAINER)
    open_kept_heads()
    for name in TABLES:
        open_table(name)


TABLES = (
    "Alerts", "Audit", "Bills", "Decisions", "Findings", "Ledger", "LetterLimits", "Letters", "Operations",
    "Outcomes", "Proposals", "PutAside", "Register", "Requests", "Summaries",
)  # fmt: skip


def rows(table, partition):
    """How many rows a proposal has in a table."""
    return len(list(open_table(table).query_entities(f"PartitionKey eq '{partition}'")))


def first_entries(name):
    """The first entries of a proposal."""
    return begin(name, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=(), now=NOW)


def create_proposal(*, open_stage=True):
    """The id of a proposal that is on record, its first stage open."""
    name = uuid.uuid4().hex
    open_review_records().create(name, first_entries(name))
    if open_stage:
        add(name, lambda review: checked(review, (), document=review.document, now=datetime.now(UTC)))
    return name


def kinds(name):
    """What is in a record."""
    return [entry.kind.value for entry in open_review_records().read(name).entries]


def one_row(table, make):
    """A write of one row of a table."""

    def write():
        name = uuid.uuid4().hex
        return Write(do=lambda: make(name), look=lambda: rows(table, name))

    return write


def verb(*verbs):
    """A write of what people do; the last one is tried."""

    def write():
        name = create_proposal()
        *before, last = verbs
        for each in before:
            assert record_verb(name, each, Actor(name=each.actor_name, via=Via.SYSTEM))
        act = lambda: record_verb(name, last, Actor(name=last.actor_name, via=Via.SYSTEM)).number  # noqa: E731
        return Write(do=act, look=lambda: kinds(name), answers=False)

    return write


def create_record():
    """The beginning of a record, by somebody who goes on where it is there."""
    name = uuid.uuid4().hex
    records, entries = open_review_records(), first_entries(name)
    begin_it = lambda: (records.create(name, entries) or records.read(name)).size > 0  # noqa: E731
    return Write(do=begin_it, look=lambda: kinds(name))


def settle_record():
    """What time has brought, as AdvanceReview writes it down."""
    name, later = create_proposal(), datetime(2031, 1, 1, tzinfo=UTC)
    return Write(do=lambda: add(name, lambda review: settle(review, later))[1].number, look=lambda: kinds(name))


def index_row(*, new):
    """A row of the list, with its pointer."""
    name = create_proposal()
    chain = open_review_records().read(name)
    index = open_proposal_index()
    row = IndexRow(
        proposal_id=name, title="T", author="Ines", department=None, cost=1.0, currency="EUR", status="inReview",
        stage="board", waiting_for=("Mara",), submitted_at=datetime.now(UTC), deadline=None, entries=3, head=chain.head,
        size=chain.size, told=0,
    )  # fmt: skip
    if not new:
        index.write(row)

    def do():
        written = index.write(IndexRow(**{**{each: getattr(row, each) for each in row.__slots__}, "told": 3}))
        return written.told

    return Write(do=do, look=lambda: (index.find(name).told, list(index.ids()).count(name)))


YEARS = count(3000)


def number():
    """A number of the register, of a year of its own: each year counts from 1."""
    name, year = uuid.uuid4().hex, next(YEARS)
    entry = ValidEntry(
        proposal_id=name, opened_at=f"{year}-01-01T00:00:00+00:00", title="A bench", submitted_by="Ines",
        estimated_cost=0.0, currency="EUR", summary="", document=None,
    )  # fmt: skip
    look = lambda: [row["Void"] for row in open_table("Register").query_entities(f"ProposalId eq '{name}'")]  # noqa: E731
    return entry, Write(do=lambda: open_register().issue_number(entry)[-5:], look=look)


def void_number():
    """The giving back of one."""
    entry, issued = number()
    issued.do()
    undo = Undo(proposal_id=entry.proposal_id, title=entry.title)
    return Write(do=lambda: open_register().void_number(undo), look=issued.look)


def summary(*, discard):
    """A summary, kept or discarded."""
    entry, _ = number()
    undo = Undo(proposal_id=entry.proposal_id, title=entry.title)
    if discard:
        open_register().keep_summary(entry, "One.")
        return Write(
            do=lambda: open_register().discard_summary(undo),
            look=lambda: rows("Summaries", entry.proposal_id),
            answers=False,
        )
    return Write(
        do=lambda: open_register().keep_summary(entry, "One.")[:9], look=lambda: rows("Summaries", entry.proposal_id)
    )


def page(*, withdraw):
    """A public page, published or withdrawn."""
    name = uuid.uuid4().hex
    entry = SummarisedEntry(
        proposal_id=name, title=f"Bench {name}", submitted_by="Ines", estimated_cost=0.0, currency="EUR",
        number="P-1", summary="A bench", kept_as="Summaries/p/s",
    )  # fmt: skip
    undo = Undo(proposal_id=name, title=entry.title)
    if withdraw:
        open_register().publish(entry, now=NOW)
        return Write(
            do=lambda: open_register().withdraw(undo), look=lambda: open_register().withdraw(undo), answers=False
        )
    return Write(do=lambda: open_register().publish(entry, now=NOW)[:18], look=lambda: open_register().withdraw(undo))


def letter(name):
    """A letter of a proposal."""
    return Letter(
        to_name="Mara", to_address="mara@example.org", subject="Hello", text="Hello", html="<p>Hello</p>",
        proposal_id=name,
    )  # fmt: skip


def outbox():
    """A letter that is put down."""
    name = uuid.uuid4().hex
    there = lambda: len(list(open_container("lost-answers").list_blobs(name_starts_with=f"{name}/")))  # noqa: E731
    return Write(do=lambda: open_post().send(letter(name), key=KEY), look=there, answers=False)


def kept_head():
    """The head of a record, in the second place."""
    name, heads = uuid.uuid4().hex, open_kept_heads()
    return Write(do=lambda: heads.keep(name, entries=1, head="a" * 64), look=lambda: heads.find(name))


def attachment():
    """A file of a proposal."""
    name = uuid.uuid4().hex
    upload = upload_of(name, "note.md", b"# A note")
    store = open_attachments()
    return Write(do=lambda: store.keep((upload,))[0].name, look=lambda: store.read(store.keep((upload,))[0]))


def copy():
    """A blob that is written once."""
    name, blobs = f"{uuid.uuid4().hex}/a", open_blobs("lost-answers")
    create = lambda: blobs.create(name, b"1", content_type="text/plain", metadata={})  # noqa: E731
    return Write(do=create, look=lambda: blobs.read(name), answers=False)


def findings():
    """The findings of one run."""
    name = uuid.uuid4().hex
    one = Finding(attachment="a", check="size", severity="ok", message="10 bytes")
    record = FindingsRecord(
        proposal_id=name, opened_at=OPENED, sum=add_up([Checked(attachment="a", bytes=1, findings=(one,))])
    )
    return Write(do=lambda: open_findings().record(record), look=lambda: rows("Findings", name))


def link_key():
    """The key that this machine makes for itself."""
    from gateways.connections import open_blob_service

    with_key = open_container(CONTAINER).get_blob_client("link-key")
    if with_key.exists():
        with_key.delete_blob()
    _of_this_machine.cache_clear()
    make = lambda: _of_this_machine(open_blob_service())  # noqa: E731
    return Write(do=lambda: make() == with_key.download_blob().readall().decode(), look=lambda: with_key.exists())


DECISION = Decision(approved=True, approver="Mara", comment="go")
BOOKED = {"round": OPENED, "title": "Bench", "budget": "b", "cents": 100, "currency": "EUR"}
ENDED = {
    "workflow": "W", "status": "Completed", "created": NOW, "last_updated": NOW, "outcome": "approved"
}  # fmt: skip
ATTACHED = Attach(by="Ines", name="a.md", blob="p/a", content_type="text/markdown", size=1, sha256="0" * 64)
APPROVE = Decide(approver="Mara", decision="approve")

WRITES: dict[str, Callable[[], Write]] = {
    "a record begun": create_record,
    "a record settled": settle_record,
    "a decision": verb(APPROVE),
    "the decision that ends it": verb(APPROVE, Decide(approver="Jonas", decision="approve")),
    "a comment": verb(Comment(by="Ines", comment="hm")),
    "a delegation": verb(Delegate.from_dict({"from": "Mara", "to": "Petra"})),
    "a request for changes": verb(RequestChanges(approver="Mara", comment="a ramp")),
    "a withdrawal": verb(Withdraw(by="Ines")),
    "a file on record": verb(ATTACHED),
    "a new row of the list": lambda: index_row(new=True),
    "a row of the list": lambda: index_row(new=False),
    "a number": lambda: number()[1],
    "a void number": void_number,
    "a summary": lambda: summary(discard=False),
    "a discarded summary": lambda: summary(discard=True),
    "a page": lambda: page(withdraw=False),
    "a withdrawn page": lambda: page(withdraw=True),
    "a letter": outbox,
    "an attachment": attachment,
    "a head": kept_head,
    "a message put aside": message_put_aside,
    "a claimed message": claim_of_message,
    "an operator's act": operators_act,
    "a noted letter": note_of_letter,
    "a copy": copy,
    "findings": findings,
    "a key": link_key,
    "a request": one_row(
        "Requests",
        lambda name: open_single_stage_records().open_request(
            AnswerRequest(
                proposal_id=name, stage="s", opened_at=OPENED, approver="Mara", title="T", event="E", deadline=None
            ),
            now=NOW,
        ),
    ),
    "an answer": one_row(
        "Decisions",
        lambda name: open_single_stage_records().record_answer(
            Answer(proposal_id=name, workflow="W", round=OPENED, decision=DECISION, answered_at=NOW)
        ),
    ),
    "an outcome": one_row(
        "Outcomes",
        lambda name: open_single_stage_records().settle(
            Outcome(
                proposal_id=name, stage="s", opened_at=OPENED, outcome="approved", decided_by="Mara", decided_at=OPENED
            )
        ).outcome,
    ),
    "a booking": one_row(
        "Ledger", lambda name: open_ledger().settle(Booking(instance_id=name, **BOOKED), "booked", now=NOW).state
    ),
    "an alert": one_row(
        "Alerts",
        lambda name: open_jobs().alert(
            Alert(instance_id=name, job_id="j", outcome="completed", detail="", polls=1), now=NOW
        ).outcome,
    ),
    "a bill": one_row(
        "Bills",
        lambda name: open_invoices().issue(
            Bill(instance_id=name, number=1, account="A", cents=1, currency="EUR", due=OPENED), now=NOW
        ).number,
    ),
    "what stays of an instance": one_row(
        "Audit", lambda name: open_audit().keep(EndedInstance(instance_id=name, **ENDED), now=NOW)
    ),
}  # fmt: skip


@pytest.mark.parametrize("times", [1, FOR_GOOD], ids=["lost once", "lost for good"])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_was_lost_is_done_once(name, times):
    """For each of its calls."""
    plain = WRITES[name]()
    with losing_answers() as line:
        answer = plain.do()
    there = plain.look()
    assert line.writes > 0
    for lost in range(line.writes):
        write = WRITES[name]()
        with losing_answers(lost, times=times):
            try:
                result = write.do()
            except AzureError:
                assert times == FOR_GOOD
                result = None
        if result is None or not write.answers:
            result = write.do() if times == FOR_GOOD else result
        assert write.look() == there, lost
        assert result == answer or not write.answers, lost

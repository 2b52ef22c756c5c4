"""ShowInbox, DecideFromInbox: what waits for a person, what else they have a part in, and many answers at once."""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

import azure.durable_functions as df
import azure.functions as func

from approvals.names import same
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor
from approvals.rules.choices import CHANGES
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import Status
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Invalid
from approvals.words.wording import people
from clients.web.identity import level
from clients.web.outages import answers_outages, is_outage
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, redirect, show, show_kept
from clients.web.visitors import Visitor, shell, visitor
from gateways import clock
from gateways.personal_rows import Part
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from pages.inbox import STATUSES, FoundPage, Question, Result, inbox_page, results_page
from pages.rendering import Page
from services import desk
from services.review_changes import Contention, VerbRecorded

bp = df.Blueprint()

ON_A_PAGE = 20
MOST_LOOKED_AT = 5_000
"""Proposals of one part in which is searched, the most urgent or the newest: five calls to storage."""

MOST_AT_ONCE = 100
"""Answers in one form."""

LARGEST_FORM = 64 * 1024
"""Bytes; a hundred ids with their documents, and a comment."""

_TOGETHER = 4
"""Answers that are judged at the same time; each reads and writes a record."""

_PICK = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.:-]{0,99}) ([0-9a-f]{64})", re.ASCII)
_DECISIONS = ("approve", "reject", CHANGES)


@bp.function_name(name="ShowStartPage")
@bp.route(route="ui", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
def show_start_page(req: func.HttpRequest) -> func.HttpResponse:
    """Lead to the inbox."""
    who = visitor(req)
    return who if isinstance(who, func.HttpResponse) else redirect("/api/ui/inbox")


@bp.function_name(name="ShowInbox")
@bp.route(route="ui/inbox", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_inbox(req: func.HttpRequest) -> func.HttpResponse:
    """Show a page of what was asked for in the address: the soonest deadline first, or the newest."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    return show_kept(req, await _page(who, _read_question(req.params)))


@bp.function_name(name="DecideFromInbox")
@bp.route(route="ui/inbox", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def decide_from_inbox(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Give the same answer to all proposals that were chosen, each for the document that was shown; tell of each."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    try:
        answers = _read_answers(req, who.name)
    except Invalid as error:
        return show(await _page(who, Question(), fault=str(error)), status=400)
    except _TooLarge:
        return explain(413, "Too much at once", f"Choose up to {MOST_AT_ONCE} proposals.")
    titles = await asyncio.to_thread(_titles, who.name)
    gate = asyncio.Semaphore(_TOGETHER)

    async def give(answer: Decide | RequestChanges, proposal_id: str) -> Result:
        async with gate:
            taken, sentence = await _act(client, proposal_id, answer, who.actor)
        return Result(
            proposal_id=proposal_id, title=titles.get(proposal_id, proposal_id), is_recorded=taken, sentence=sentence
        )

    results = await asyncio.gather(*(give(answer, proposal_id) for proposal_id, answer in answers.items()))
    return show(results_page(shell(who, "inbox"), results))


class _TooLarge(Exception):
    """The form is larger than any that the page makes."""


async def _page(who: Visitor, question: Question, *, fault: str = "") -> Page:
    rows = await asyncio.to_thread(
        lambda: list(islice(open_proposal_index().personal(who.name, question.part), MOST_LOOKED_AT))
    )
    now = clock.now()
    filters = _filters(question, now)
    fitting = [row for row in rows if all(fits(row) for fits in filters)]
    begin = (question.page - 1) * ON_A_PAGE
    found = FoundPage(
        rows=fitting[begin : begin + ON_A_PAGE],
        total=len(fitting),
        pages=max(1, -(-len(fitting) // ON_A_PAGE)),
        looked_at=len(rows) if len(rows) == MOST_LOOKED_AT else None,
    )
    return inbox_page(shell(who, "inbox"), question, found, now=now, fault=fault)


def _read_question(params: Mapping[str, str]) -> Question:
    """Read the address. What cannot be understood is left out: an address that somebody shortened is still good."""
    part, status, page = params.get("part", ""), params.get("status", ""), params.get("page", "")
    return Question(
        part=Part(part) if part in set(Part) else Part.WAITING,
        text=params.get("q", "").strip()[:200],
        status=status if status in set(Status) else "",
        department=params.get("department", "").strip()[:200],
        author=params.get("author", "").strip()[:200],
        overdue=params.get("overdue") == "true",
        page=int(page) if re.fullmatch(r"[1-9][0-9]{0,4}", page, re.ASCII) else 1,
    )


def _filters(question: Question, now: datetime) -> list[Callable[[IndexRow], bool]]:
    """Return what a row must fulfil."""
    chosen = list[Callable[[IndexRow], bool]]()
    if question.text:
        words = question.text.casefold().split()
        chosen.append(lambda row: all(word in row.title.casefold() for word in words))
    if question.status:
        chosen.append(lambda row: row.status == question.status)
    if question.department:
        chosen.append(lambda row: same(row.department or "", question.department))
    if question.author:
        chosen.append(lambda row: same(row.author, question.author))
    if question.overdue:
        chosen.append(lambda row: row.deadline is not None and row.deadline <= now)
    return chosen


def _read_answers(req: func.HttpRequest, person: str) -> dict[str, Decide | RequestChanges]:
    """Return the answer to each proposal that was chosen; raises `Invalid` with a sentence for the person."""
    content = req.get_body()
    if len(content) > LARGEST_FORM:
        raise _TooLarge
    try:
        pairs = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_AT_ONCE + 5
        )
    except ValueError:
        raise _TooLarge from None
    fields = dict(pairs)
    decision, comment = fields.get("decision", ""), fields.get("comment", "").replace("\r\n", "\n").strip()
    picks = [_PICK.fullmatch(value) for name, value in pairs if name == "pick"]
    chosen = {pick[1]: pick[2] for pick in picks if pick}
    if not chosen:
        raise Invalid("Choose at least one proposal.")
    if decision not in _DECISIONS:
        raise Invalid("Choose an answer: approve, reject, or ask for changes.")
    if decision == CHANGES and not comment:
        raise Invalid("Say in the comment what to change, for the authors.")
    if len(comment) > 8_000:
        raise Invalid("The comment is too long: up to 8,000 characters.")
    return {proposal: _verb(decision, person, comment, document) for proposal, document in chosen.items()}


def _verb(decision: str, person: str, comment: str, document: str) -> Decide | RequestChanges:
    if decision == CHANGES:
        return RequestChanges(approver=person, comment=comment, document=document)
    return Decide(approver=person, decision=decision, comment=comment, document=document)


async def _act(
    client: df.DurableOrchestrationClient, proposal_id: str, verb: Decide | RequestChanges, actor: Actor
) -> tuple[bool, str]:
    """Give one answer; says whether it was taken, and in a sentence where the proposal stands or why not."""
    try:
        done: Any = await desk.act(client, proposal_id, verb, actor)
    except Contention:
        return False, "Others answered at the same time; please answer again."
    except Tampered:
        return False, "Its record was changed by somebody else; an operator has to check it."
    except Exception as error:
        if not is_outage(error):
            raise
        return False, "Storage did not respond. Check whether your answer is recorded, and send it again if not."
    match done:
        case VerbRecorded(review=review):
            waiting = people(tuple(each.person for each in review.waiting_for))
            return True, STATUSES[review.status.value] + (f"; waits for {waiting}." if waiting else ".")
        case ActionRefused(reason=reason, changes=changes):
            told = "; ".join(changes)
            return False, f"{reason[:1].upper()}{reason[1:]}." + (f" Changed: {told}." if told else "")
        case _:
            return False, "There is no such proposal."


def _titles(person: str) -> dict[str, str]:
    return {row.proposal_id: row.title for row in open_proposal_index().personal(person, Part.WAITING)}


__all__ = ["bp", "decide_from_inbox", "show_inbox", "show_start_page"]

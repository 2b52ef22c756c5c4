"""Letters: a notice put into a mail that one person reads, as text and as HTML, with a link to answer by."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from approvals.rules.links import Link, write_link
from approvals.rules.revisions import MOST_TOLD
from approvals.rules.state import Answer, Review
from approvals.visible import one_line, visible
from approvals.words.letter_texts import cost, words_for
from approvals.words.notices import Letter, Notice, Tells
from approvals.words.wording import excerpt, moment, rule_name, size
from gateways.letters.link_keys import link_keys
from gateways.people import address_of
from gateways.templating import environment

_TEMPLATES = Path(__file__).with_name("templates")
DEFAULT_HOST = "localhost:7071"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes letters; the same notice always makes the same letter, link included."""

    public_url: str
    """Where people reach the app; links begin with it."""
    keys: tuple[str, ...]
    """Sign the links, the newest last; without any, letters say how to answer without a link."""
    address_of: Callable[[str], str | None]

    def write(self, notice: Notice) -> Letter:
        """Return the letter of one notice."""
        words, review = words_for(notice), notice.review
        shown = {
            "words": words,
            "notice": notice,
            "facts": _facts(notice),
            "summary": visible(review.summary),
            "link": self._link(notice),
            "command": _command(review),
            "proposal_id": review.proposal_id,
        }
        return Letter(
            to_name=one_line(notice.person),
            to_address=self.address_of(notice.person),
            subject=words.subject,
            text=environment(_TEMPLATES).get_template("letter.txt").render(shown),
            html=environment(_TEMPLATES).get_template("letter.html").render(shown),
            proposal_id=review.proposal_id,
        )

    def _link(self, notice: Notice) -> str | None:
        """Return the address to answer at: for this person, stage and rung, until the stage's deadline."""
        stage = notice.review.stage
        if not (self.keys and notice.to_answer and stage):
            return None
        link = Link(
            proposal=notice.review.proposal_id,
            round=notice.review.round,
            stage=stage.plan.name,
            rung=stage.rung,
            person=notice.person,
            expires=int(stage.deadline.timestamp()),
            id=notice.key,
        )
        return f"{self.public_url}/api/decide?token={write_link(link, self.keys)}"


def open_letters() -> Letters:
    """Return what writes letters under these settings: `PUBLIC_URL`, `LINK_KEYS`, and the directory of people."""
    return Letters(public_url=public_url(), keys=link_keys(), address_of=address_of)


def public_url() -> str:
    """Return where people reach the app, without a slash at its end.

    Without `PUBLIC_URL` that is where the host runs, which it says in `WEBSITE_HOSTNAME`: on Azure the address of the
    platform, on this machine `localhost` with the port.
    """
    if given := os.environ.get("PUBLIC_URL"):
        return given.rstrip("/")
    host = os.environ.get("WEBSITE_HOSTNAME") or DEFAULT_HOST
    return f"http{'' if host.partition(':')[0] == 'localhost' else 's'}://{host}"


def _facts(notice: Notice) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what the letter lists: labels, each with its lines."""
    review = notice.review
    facts = list[tuple[str, tuple[str, ...]]]()
    facts += [("Proposal", (one_line(review.title),)), ("Author", (_author(review),))]
    if review.cost:
        facts.append(("Cost", (cost(review),)))
    if notice.to_answer and review.stage:
        facts.append(("Answer by", (moment(review.stage.deadline),)))
    if review.attachments:
        facts.append(("Documents", tuple(f"{one_line(each.name)} ({size(each.size)})" for each in review.attachments)))
    facts.append(("Policy", (rule_name(review.policy_name, review.policy_version),)))
    if review.findings:
        facts.append(("Checks", (one_line(", ".join(review.findings)),)))
    changes = tuple(one_line(each.sentence) for each in review.revisions if each.round == review.round > 1)
    if changes and not review.final:
        facts.append(("Changes", changes[-MOST_TOLD:]))
    if notice.tells is Tells.ENDED and review.answers:
        facts.append(("Answers", tuple(_answer(review, each) for each in review.answers)))
    facts += [("Round", (str(review.round),)), ("Document", (review.document,))]
    return tuple(facts)


def _answer(review: Review, answer: Answer) -> str:
    """Return who answered what, with all of the comment that a letter has room for."""
    behalf = f" for {answer.on_behalf_of}" if answer.on_behalf_of else ""
    where = f", {review.stages[answer.stage].name}" if answer.stage is not None else ", not counted"
    said = f": “{excerpt(answer.comment)}”" if answer.comment.strip() else ""
    return one_line(f"{answer.person}{behalf}{where}: {answer.word}{said}")


def _command(review: Review) -> str:
    """Return the command to answer with; where there has been more than one document it names the one it is for."""
    about = f" --document {review.document}" if len(review.revisions) > 1 else ""
    return f"greenlight approve {review.proposal_id}{about}"


def _author(review: Review) -> str:
    return one_line(f"{review.author}, {review.department}" if review.department else review.author)

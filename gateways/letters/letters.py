"""Letters: a notice as a mail to one person, in text and HTML, with a decision link."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from approvals.rules.links import Link, write_link
from approvals.rules.revisions import MOST_TOLD
from approvals.rules.state import Answer, Review
from approvals.visible import one_line, visible
from approvals.words.letter_texts import cost, words_for
from approvals.words.notices import Letter, Notice, NoticeKind
from approvals.words.wording import excerpt, moment, rule_name, size
from gateways.letters.link_keys import link_keys
from gateways.people import address_of
from gateways.templating import environment

_TEMPLATES = Path(__file__).with_name("templates")
DEFAULT_HOST = "localhost:7071"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes letters. The same notice always gives the same letter with the same link."""

    public_url: str
    """The app's public URL, with which links begin."""
    keys: tuple[str, ...]
    """The keys for links, the newest last. Without keys, letters say how to answer without a link."""
    address_of: Callable[[str], str | None]

    def write(self, notice: Notice) -> Letter:
        """Return the letter for one notice."""
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
        """Return the decision link: for this person, stage and rung, until the stage's deadline."""
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
    """Return the writer of letters for the settings `PUBLIC_URL`, `LINK_KEYS`, and the directory of people."""
    return Letters(public_url=public_url(), keys=link_keys(), address_of=address_of)


def public_url() -> str:
    """Return the app's public URL without a slash at the end.

    Without `PUBLIC_URL` it is the host's address from `WEBSITE_HOSTNAME`: on Azure the platform's address, on a
    developer's machine `localhost` with the port.
    """
    if given := os.environ.get("PUBLIC_URL"):
        return given.rstrip("/")
    host = os.environ.get("WEBSITE_HOSTNAME") or DEFAULT_HOST
    return f"http{'' if host.partition(':')[0] == 'localhost' else 's'}://{host}"


def _facts(notice: Notice) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the facts in the letter: labels, each with its lines."""
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
    if notice.kind is NoticeKind.ENDED and review.answers:
        facts.append(("Answers", tuple(_answer(review, each) for each in review.answers)))
    facts += [("Round", (str(review.round),)), ("Document", (review.document,))]
    return tuple(facts)


def _answer(review: Review, answer: Answer) -> str:
    """Return an answer in one line, with an excerpt of its comment."""
    behalf = f" for {answer.on_behalf_of}" if answer.on_behalf_of else ""
    where = f", {review.stages[answer.stage].name}" if answer.stage is not None else ", not counted"
    said = f": “{excerpt(answer.comment)}”" if answer.comment.strip() else ""
    return one_line(f"{answer.person}{behalf}{where}: {answer.word}{said}")


def _command(review: Review) -> str:
    """Return the command for answering. If the document has changed, the command names the current one."""
    about = f" --document {review.document}" if len(review.revisions) > 1 else ""
    return f"greenlight approve {review.proposal_id}{about}"


def _author(review: Review) -> str:
    return one_line(f"{review.author}, {review.department}" if review.department else review.author)

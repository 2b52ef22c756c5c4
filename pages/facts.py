"""The facts of a proposal, as pages list them: each with what it is called."""

from datetime import datetime

from approvals.rules.state import Review
from approvals.visible import one_line
from approvals.words.letter_texts import cost
from approvals.words.wording import rule_name

Fact = tuple[str, str | datetime]


def facts(review: Review, *, deadline: str = "") -> list[Fact]:
    """Return who wrote it, what it costs, by which policy it is decided; `deadline` is when an answer is due."""
    listed: list[Fact] = [("Author", one_line(review.author))]
    if review.department:
        listed.append(("Department", one_line(review.department)))
    if review.cost:
        listed.append(("Cost", cost(review)))
    listed.append(("Submitted", review.submitted_at))
    listed.append(("Round", f"{review.round}, the author has revised it" if review.round > 1 else "1"))
    if deadline:
        listed.append(("Answer by", deadline))
    listed.append(("Policy", rule_name(review.policy_name, review.policy_version)))
    if review.findings:
        listed.append(("Checks", one_line(", ".join(review.findings))))
    listed.append(("Document", review.document))
    return listed

"""The letters about a review's entries: each once, up to the limits of the day."""

import logging

from approvals.names import key
from approvals.record.chain import Chain
from approvals.reserved_names import GREENLIGHT
from approvals.words.notices import Notice, notices_for
from gateways.letters.letters import open_letters
from gateways.letters.limits import open_letter_limits, per_proposal, per_sender
from gateways.letters.mail import open_post
from services.replays import review_of

log = logging.getLogger("greenlight.review")


def notices_of(chain: Chain, *, told: int) -> tuple[Notice, ...]:
    """Return the notices about the entries after `told`."""
    before = review_of(chain, told) if told else None
    return notices_for(chain.entries, told=told, before=before)


def send_letters(proposal_id: str, notices: tuple[Notice, ...]) -> tuple[int, ...]:
    """Send the letters, and return the numbers of the entries about which one could not be sent. Blocks.

    A letter that cannot be sent does not stop the others, and letters that were sent are not sent again. Letters over
    the daily limit are tried again later, like letters that could not be sent.
    """
    letters, post = open_letters(), open_post()
    admitted = _admitted(proposal_id, notices)
    unsent = list[int]()
    for notice in notices:
        if notice.key not in admitted:
            log.warning("proposal %s: letter %s has to wait: the daily limit is reached", proposal_id, notice.key)
            unsent.append(notice.entry.number)
            continue
        try:
            post.send(letters.write(notice), key=notice.key)
        except Exception:  # the top of a loop: mail servers fail in many ways
            log.exception("proposal %s: the letter %s could not be sent", proposal_id, notice.key)
            unsent.append(notice.entry.number)
    return tuple(unsent)


def _admitted(proposal_id: str, notices: tuple[Notice, ...]) -> frozenset[str]:
    """Return the keys of the notices whose letters may be sent today, by the limits per proposal and per sender.

    Letters about timers and the workflow count for the author, who has submitted the proposal.
    """
    limits = open_letter_limits()
    keys = [notice.key for notice in notices]
    admitted = limits.admit(keys, holder=f"proposal {proposal_id}", most=per_proposal()) if keys else frozenset()
    by_sender = dict[str, list[str]]()
    for notice in notices:
        if notice.key in admitted:
            by = notice.review.author if notice.entry.by == GREENLIGHT else notice.entry.by
            by_sender.setdefault(key(by), []).append(f"{proposal_id} {notice.key}")
    allowed = frozenset[str]()
    for sender, letters in by_sender.items():
        allowed |= limits.admit(letters, holder=f"sender {sender}", most=per_sender())
    return frozenset(each.partition(" ")[2] for each in allowed)

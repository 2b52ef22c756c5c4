"""What operators do about unsent letters: send them now, written again from the record, each once."""

import asyncio

from approvals.identifiers import is_instance_id
from approvals.operations import ActDone
from approvals.words.notices import Notice
from gateways.letters.letters import open_letters
from gateways.letters.mail import MailServer, open_post
from gateways.letters.messages import SenderWrong
from gateways.letters.smtp import MailSettingsWrong, NotSent
from gateways.operations import open_operations
from gateways.review_records import open_review_records
from services.operator_acts import Declined, carry_out_on_record
from services.review_letters import notices_of


async def send_letter(proposal_id: str, key: str, by: str) -> ActDone | Declined:
    """Send an unsent letter now; it is written again from the record, and sent once.

    Raises azure.core's errors, and `Tampered` for a damaged record.
    """
    try:
        post = open_post()
    except MailSettingsWrong as error:
        return Declined(
            code="notNow", detail=f"The mail server cannot be used: {error}.", what_to_do="Mend the setting."
        )
    notice = await asyncio.to_thread(_notice, proposal_id, key)
    target = f"{proposal_id} {key}"
    if not isinstance(post, MailServer):
        return Declined(
            code="notNow",
            detail="No mail server is set, so letters lie in the outbox.",
            what_to_do="Set SMTP_HOST, or read the letter in the container of OUTBOX_CONTAINER.",
        )
    if notice is None:
        await asyncio.to_thread(lambda: open_operations().forget_letter(proposal_id, key))
        return Declined(
            code="unknown",
            detail=f"Nobody needs the letter {target[:200]!r} any more.",
            what_to_do="Nothing to do: the answer that it asked for is not waited for, or there is no such letter.",
        )
    if not await asyncio.to_thread(post.release, proposal_id, key):
        return Declined(code="taken", detail="The letter has gone, or is being sent.", what_to_do="Nothing to do.")
    sent, why = False, "the mail server does not take it, or no address is known"

    async def send() -> str:
        nonlocal sent, why
        try:
            sent = await asyncio.to_thread(lambda: post.send(open_letters().write(notice), key=key))
        except (NotSent, SenderWrong) as error:
            why = str(error)
        if sent:
            await asyncio.to_thread(lambda: open_operations().forget_letter(proposal_id, key))
        return "sent" if sent else f"not sent: {why}"

    await carry_out_on_record("send letter", target, by, send)
    if sent:
        return ActDone(target=target, sentence="The letter has gone.")
    return Declined(
        code="notSent", detail=f"The letter did not go: {why}.", what_to_do="Mend the cause, then try again."
    )


def _notice(proposal_id: str, key: str) -> Notice | None:
    """Return the notice of a letter, if its person still needs it. Blocks."""
    number = key.partition("-")[0]
    if not (is_instance_id(proposal_id) and number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    chain = open_review_records().read(proposal_id)
    notices = notices_of(chain, told=max(0, int(number) - 1)) if chain else ()
    return next((each for each in notices if each.key == key), None)

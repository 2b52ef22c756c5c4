"""What operators do with messages that were put aside: send them again, judged like new ones, or discard them."""

import asyncio
from collections.abc import Awaitable, Callable

from approvals.operations import ActDone, MessageAct, MessageState, PutAsideMessage
from gateways import clock
from gateways.people import name_of
from gateways.put_aside import open_put_aside
from services.operator_acts import Declined, carry_out_on_record

Deliver = Callable[[bytes, str], Awaitable[str | None]]
"""Delivers the body of a message to its receiver, under the message's own id; returns why it was refused, or None."""


async def act_on_message(act: MessageAct, message: str, by: str, deliver: Deliver) -> ActDone | Declined:
    """Send a message again, or discard it; only one operator can, and only once.

    A message that is refused again waits, with the new reason. Raises the errors of `deliver`; the message waits then.
    """
    put_aside = open_put_aside()
    found = await asyncio.to_thread(put_aside.find, message)
    if found is None:
        return Declined(
            code="unknown",
            detail=f"There is no message {message[:100]!r}.",
            what_to_do="GET ops lists those there are.",
        )
    if act is MessageAct.SEND and not found.whole:
        return Declined(
            code="notNow",
            detail="Only the beginning of this message was kept, as it is too long.",
            what_to_do="Discard it, and let its sender send it again.",
        )
    state = MessageState.SENDING if act is MessageAct.SEND else MessageState.DISCARDED
    claimed = await asyncio.to_thread(lambda: put_aside.claim(message, state, by=name_of(by), now=clock.now()))
    if claimed is None:
        return await asyncio.to_thread(_already_handled, message)
    if act is MessageAct.DISCARD:
        await carry_out_on_record("discard message", message, by, _nothing)
        return ActDone(target=message, sentence="The message was discarded; its row stays.")

    refused: str | None = None

    async def send() -> str:
        nonlocal refused
        refused = await _send(found, deliver)
        return f"refused again: {refused}" if refused else "taken"

    await carry_out_on_record("send message", message, by, send)
    if refused:
        return Declined(
            code="notSent",
            detail=f"The message was worked again and refused again: {refused}.",
            what_to_do="Mend the cause and send it again, or discard it.",
        )
    return ActDone(target=message, sentence="The message was taken.")


async def _send(found: PutAsideMessage, deliver: Deliver) -> str | None:
    """Process a message of this caller, and return why it was refused; if it fails it waits as before."""
    put_aside = open_put_aside()
    try:
        refused = await deliver(found.body.encode(), found.message_id)
    except Exception:
        await asyncio.to_thread(lambda: put_aside.settle(found.id, MessageState.WAITING, result="it failed"))
        raise
    after = MessageState.WAITING if refused else MessageState.SENT
    await asyncio.to_thread(lambda: put_aside.settle(found.id, after, result=refused or "taken"))
    return refused


async def _nothing() -> str:
    """The claim alone was enough."""
    return "done"


def _already_handled(message: str) -> Declined:
    now = open_put_aside().find(message)
    did = f"{now.by} has {now.state.value} it already" if now and now.by else "Somebody was faster"
    return Declined(code="taken", detail=f"{did}.", what_to_do="Nothing to do: a message is sent again once.")

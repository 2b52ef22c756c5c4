"""What is left on the queues when everything has ended, hidden messages too: read from the files of a stopped Azurite.

No API shows a hidden message. One kind may stay: the messages of timers. Each is hidden, in real time, until its timer
is due, and no hand that deletes it earlier has its receipt:

* a timer that was cancelled: the real host leaves it just so;
* one that has fired, or was cancelled, in virtual time on a host that was started again: that host has armed the timer
  from the history, and the receipt went with the host that was killed. Without a kill there is none of these.

When such a message appears, it is for nothing, and is deleted.
"""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from durable_devhost.model.history import TimerFired
from durable_devhost.model.messages import CorruptMessage, Message, decode

LATER = "timers that are not due yet"
DUE = "timers that were due"
_MESSAGES = "$MESSAGES_COLLECTION$"


def left_on_queues(folder: Path, now: datetime) -> Counter[str]:
    """How many messages there are of each queue and kind, under `<queue> <kind>`; timers of all queues as above."""
    database = json.loads((folder / "__azurite_db_queue__.json").read_text("utf-8"))
    (messages,) = (each["data"] for each in database["collections"] if each["name"] == _MESSAGES)
    return Counter(_kind(folder, each, now) for each in messages)


def _kind(folder: Path, stored: dict[str, Any], now: datetime) -> str:
    place = stored["persistency"]
    with (folder / "__queuestorage__" / place["id"]).open("rb") as extent:
        extent.seek(place["offset"])
        text = extent.read(place["count"]).decode()
    try:
        message = decode(text)
    except CorruptMessage:
        return f"{stored['queueName']} {text[:80]}"
    match message:
        case Message(event=TimerFired(fire_at=due)):
            return LATER if due > now else DUE
        case Message():
            return f"{stored['queueName']} {message.event_name}"
        case blob:
            return f"{stored['queueName']} {blob}"

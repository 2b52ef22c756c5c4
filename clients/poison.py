"""LogPoisonMessage: logs each message of the poison queue as one line, and keeps it for operators."""

import logging

import azure.durable_functions as df
import azure.functions as func

from approvals.poison import PoisonMessage, PoisonRecord
from gateways import clock
from gateways.put_aside import open_put_aside

bp = df.Blueprint()
log = logging.getLogger("greenlight.poison")


@bp.function_name(name="LogPoisonMessage")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue-poison", connection="ApprovalsStorage")
def log_poison_message(message: func.QueueMessage) -> None:
    """Log the message, with secrets masked, then keep it in a table. After that it is removed from the queue."""
    read = PoisonMessage.read(message.get_body())
    log.error(PoisonRecord(message_id=message.id or "", message=read).to_json())
    open_put_aside().keep(read, message_id=message.id or "", now=clock.now())

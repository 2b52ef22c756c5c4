"""LogPoisonMessage: one line in the log for each message that nobody could use, for people and alert rules."""

import logging

import azure.durable_functions as df
import azure.functions as func

from approvals.poison import PoisonMessage, PoisonRecord

bp = df.Blueprint()
log = logging.getLogger("greenlight.poison")


@bp.function_name(name="LogPoisonMessage")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue-poison", connection="ApprovalsStorage")
def log_poison_message(message: func.QueueMessage) -> None:
    """Write the record; the message then leaves the queue, so the record is what remains of it."""
    record = PoisonRecord(message_id=message.id or "", message=PoisonMessage.read(message.get_body()))
    log.error(record.to_json())

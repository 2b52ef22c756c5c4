"""LogPoisonMessage: logs each message of the poison queue as one line, for people and alert rules."""

import logging

import azure.durable_functions as df
import azure.functions as func

from approvals.poison import PoisonMessage, PoisonRecord

bp = df.Blueprint()
log = logging.getLogger("greenlight.poison")


@bp.function_name(name="LogPoisonMessage")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue-poison", connection="ApprovalsStorage")
def log_poison_message(message: func.QueueMessage) -> None:
    """Log the message. It is then removed from the queue, so only the log line remains."""
    record = PoisonRecord(message_id=message.id or "", message=PoisonMessage.read(message.get_body()))
    log.error(record.to_json())

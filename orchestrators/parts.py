"""The ids of sub-orchestrations. Nobody can guess one, or start another instance under it beforehand."""

import azure.durable_functions as df

_RANDOM = 10
"""Hexadecimal digits. With a word of eight letters an id of 80 characters becomes 100 characters, the limit of ids."""


def part_id(context: df.DurableOrchestrationContext, word: str) -> str:
    """Return `<id>:<word>-<digits>`: the parent's id, a word for the part, and digits that are new for each call.

    No caller may choose an id with a colon (approvals/identifiers.py). The digits make the id unique even if an
    operator starts another instance with such an id: a part whose id is in use would never start, and its workflow
    would wait for ever. On replay the digits are the same.
    """
    return f"{context.instance_id}:{word}-{context.new_uuid()[-_RANDOM:]}"

"""The ids of a workflow's parts, which are instances of their own: nobody can guess one, nor take it beforehand."""

import azure.durable_functions as df

_RANDOM = 10
"""Hexadecimal digits; with a word of eight letters an id of 80 becomes one of 100, which is as long as ids may be."""


def part_id(context: df.DurableOrchestrationContext, word: str) -> str:
    """Return `<id>:<word>-<digits>`: people see whose part it is and which, and the digits are new for each call.

    No chosen id holds a colon (approvals/identifiers.py). The digits keep a part apart from whatever else is started
    under such a name, for example by an operator: a part whose id is in use would never begin, and its workflow would
    wait for it for ever. On replay they are the same.
    """
    return f"{context.instance_id}:{word}-{context.new_uuid()[-_RANDOM:]}"

"""The front door of Greenlight: builds the durable app and registers one blueprint a module, nothing else.

Follow a proposal from here: clients/starter.py starts it, orchestrators/approval.py tells its story,
clients/decisions.py brings the answer.
"""

import azure.durable_functions as df
import azure.functions as func

from activities import escalation, records, requests
from clients import counters as counter_readings
from clients import decisions, history, poison, starter
from entities import counters
from orchestrators import approval, budget

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

for module in (
    starter,
    decisions,
    poison,
    history,
    counter_readings,
    approval,
    budget,
    requests,
    records,
    escalation,
    counters,
):
    app.register_functions(module.bp)

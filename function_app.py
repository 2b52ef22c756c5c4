"""The front door of Greenlight: builds the durable app and registers one blueprint a module, nothing else.

Follow a proposal from here: clients/starter.py starts it, orchestrators/proposal_lifecycle.py tells its whole way,
orchestrators/approval.py how it is decided, clients/decisions.py brings the answer.
"""

import azure.durable_functions as df
import azure.functions as func

from activities import billing as bills
from activities import checks, escalation, images, intake, jobs, ledger, notices, quotes, records, requests, webhooks
from clients import blobs, decisions, history, maintenance, poison, starter
from clients import counters as counter_readings
from clients import workflows as catalogue
from entities import budgets, counters
from orchestrators import (
    approval,
    billing,
    budget,
    chaining,
    fan_out,
    monitor,
    proposal_lifecycle,
    quote,
    reservation,
    webhook,
)
from orchestrators import images as scaling

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

CLIENTS = (starter, catalogue, decisions, poison, history, counter_readings, blobs, maintenance)
WORKFLOWS = (
    proposal_lifecycle,
    chaining,
    fan_out,
    quote,
    approval,
    budget,
    reservation,
    monitor,
    billing,
    scaling,
    webhook,
)
ACTIVITIES = (requests, records, escalation, notices, intake, checks, quotes, jobs, bills, images, ledger, webhooks)
ENTITIES = (counters, budgets)

for module in CLIENTS + WORKFLOWS + ACTIVITIES + ENTITIES:
    app.register_functions(module.bp)

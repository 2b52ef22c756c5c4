"""The front door of Greenlight: builds the durable app and registers one blueprint a module, nothing else.

Follow a proposal from here: clients/proposals.py puts it on record, orchestrators/review.py carries its review out,
clients/verbs.py, clients/links.py and clients/approval_queue.py bring what people do to it. clients/starter.py starts
any workflow by its name; orchestrators/proposal_lifecycle.py tells the whole way of a proposal without a policy.
"""

import os
import warnings

import azure.durable_functions as df
import azure.functions as func

from activities import billing as bills
from activities import (
    checks,
    escalation,
    images,
    intake,
    jobs,
    ledger,
    notices,
    quotes,
    records,
    requests,
    review,
    webhooks,
)
from clients import (
    approval_queue,
    attachments,
    audit,
    blobs,
    history,
    links,
    maintenance,
    openapi,
    operations,
    poison,
    proposals,
    starter,
    sweep,
    verbs,
)
from clients import counters as counter_readings
from clients import workflows as catalogue
from clients.ui import act_as, inbox, reports, resubmit, submit
from clients.ui import operations as operations_page
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

# Whatever the settings say: in its loose mode the SDK builds objects of the classes that a payload names, or fails the
# whole instance over one that it does not know, before any code of ours sees the payload.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"

# The SDK says this of every event that comes before its workflow waits for it, which is an ordinary thing here.
warnings.filterwarnings("ignore", message="Potential duplicate Task completion", category=UserWarning)

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

CLIENTS = (
    proposals,
    verbs,
    links,
    attachments,
    audit,
    openapi,
    approval_queue,
    poison,
    sweep,
    starter,
    catalogue,
    history,
    counter_readings,
    blobs,
    maintenance,
    operations,
    inbox,
    act_as,
    submit,
    resubmit,
    reports,
    operations_page,
)
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
ACTIVITIES = (
    review,
    requests,
    records,
    escalation,
    notices,
    intake,
    checks,
    quotes,
    jobs,
    bills,
    images,
    ledger,
    webhooks,
)
ENTITIES = (counters, budgets)

for module in CLIENTS + WORKFLOWS + ACTIVITIES + ENTITIES:
    app.register_functions(module.bp)

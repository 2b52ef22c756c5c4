"""The entry point of Greenlight: builds the durable app and registers one blueprint per module.

Follow a proposal from here: clients/proposals.py records it, orchestrators/review.py runs its review, and
clients/verbs.py, clients/links.py and clients/approval_queue.py receive the actions of people. clients/starter.py
starts any workflow by its name; orchestrators/proposal_lifecycle.py is the whole lifecycle of a proposal without a
policy.
"""

import gc

gc.disable()  # what an import makes stays until the end: to look for garbage in it was an eighth of a start

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
from clients.ui import act_as, added_files, files, inbox, reports, resubmit, scripts, submit
from clients.ui import operations as operations_page
from clients.ui import proposal as proposal_page
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

# Whatever the settings say: without strict typing the SDK creates objects of the classes that a payload names, or fails
# the whole instance because of an unknown class, before the app's code sees the payload.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"

# The SDK warns about every event that comes before its workflow waits for it, which is normal here.
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
    proposal_page,
    files,
    added_files,
    scripts,
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

gc.freeze()  # and later collections do not look through it again, which took as long as a whole request
gc.enable()

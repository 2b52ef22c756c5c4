"""IssueBill: records one bill once."""

import json
import logging

import azure.durable_functions as df

from approvals.billing import Bill
from gateways import clock
from gateways.invoices import open_invoices

bp = df.Blueprint()
log = logging.getLogger("greenlight.billing")


@bp.activity_trigger(input_name="bill", activity="IssueBill")
def issue_bill(bill: dict) -> dict:
    """Issue the bill and return the recorded one. The key is (instance, number), so a second run issues nothing."""
    issued = open_invoices().issue(Bill.from_dict(bill), now=clock.now())
    log.info(json.dumps({"record": "bill", "instanceId": issued.instance_id, "number": issued.number}))
    return issued.to_dict()

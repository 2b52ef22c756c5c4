"""ChooseWho: in development visitors choose their name, and their browser remembers it."""

import azure.durable_functions as df
import azure.functions as func

from approvals.validation import Invalid
from clients.web.identity import in_development, level
from clients.web.link_requests import NotReadable, read_fields
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, redirect, show
from clients.web.rates import admit
from clients.web.visitors import error_page, remember
from gateways.policies import people_of_policies
from pages.act_as import act_as_page

bp = df.Blueprint()


@bp.function_name(name="ChooseWho")
@bp.route(route="ui/act-as", methods=["GET", "POST"], auth_level=level())
@answers_outages(unavailable)
def choose_who(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a name, or take one and go to the inbox: 404 if people sign in."""
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return error_page(who)
    if not in_development():
        return explain(404, "There is no such page", "You are signed in and cannot act as another person.")
    if req.method == "GET":
        return show(act_as_page(people_of_policies()))
    try:
        fields = read_fields(req)
        if isinstance(fields, NotReadable):
            return explain(fields.status, "The form could not be read", f"{fields.reason.capitalize()}.")
        name = str(fields.get("name", "")).strip()
        return redirect("/api/ui/inbox", {"Set-Cookie": remember(name)})
    except (Invalid, ValueError) as error:
        page = act_as_page(people_of_policies(), fault=f"{str(error).capitalize()}.")
        return show(page, status=400)

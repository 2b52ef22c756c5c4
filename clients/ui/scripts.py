"""GetScript: the script files of the pages, the same for everybody."""

import azure.durable_functions as df
import azure.functions as func

from clients.web.headers import script_headers
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain
from clients.web.rates import slow_down
from clients.web.responses import send
from pages.scripts import NAMES, read_script

bp = df.Blueprint()


@bp.function_name(name="GetScript")
@bp.route(route="ui/static/{name}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_outages(unavailable)
def get_script(req: func.HttpRequest) -> func.HttpResponse:
    """Return a file; 404 for any other name. Its address has a digest of its content, so a browser asks once."""
    too_many = slow_down(req)
    if too_many:
        return too_many
    name = req.route_params["name"]
    if name not in NAMES:
        return explain(404, "There is no such file", "The pages name the files that there are.")
    return send(read_script(name), headers=script_headers(), mimetype="text/javascript")

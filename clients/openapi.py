"""GetOpenApi: the HTTP API in OpenAPI 3.1."""

import azure.durable_functions as df
import azure.functions as func

from clients.web.identity import level
from clients.web.outages import answers_outages, while_reading
from clients.web.responses import answer

bp = df.Blueprint()


@bp.function_name(name="GetOpenApi")
@bp.route(route="openapi.json", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
def get_openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
    """Return the document."""
    # Imported for whoever asks first: a cold start waits for every import.
    from clients.description.document import document

    return answer(document())

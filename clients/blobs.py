"""GetBlob: a blob from one of the containers in READABLE_CONTAINERS. For operators."""

import os

import azure.durable_functions as df
import azure.functions as func

from approvals.blobs import LARGEST_BYTES, checked_blob_name, headers_for, is_readable
from clients.web.headers import json_headers
from clients.web.outages import answers_outages, while_reading
from clients.web.responses import problem, send
from gateways.blobs import open_blobs

bp = df.Blueprint()

NAMES_MISSING = "Please pass a container and blob names on the query string."


@bp.function_name(name="GetBlob")
@bp.route(route="blob", methods=["GET"])
@answers_outages(while_reading)
def get_blob(req: func.HttpRequest) -> func.HttpResponse:
    """Return the blob's bytes; 400, 403, 404 or 413 with what to do about it."""
    container, name = req.params.get("container"), req.params.get("blob")
    if not container or not name:
        return send(NAMES_MISSING, status=400, headers=json_headers(), mimetype="text/plain")
    if not is_readable(container, os.environ.get("READABLE_CONTAINERS", "")):
        # The same response whether the container exists or not.
        return problem(
            403, "Blobs of this container are not served.", "Use a container that READABLE_CONTAINERS lists."
        )
    try:
        checked_blob_name(name)
    except ValueError as error:
        return problem(400, f"blob: {error}.", "Give the stored name, percent-encoded once.")
    blobs = open_blobs(container)
    found = blobs.find(name)
    if found and found.size > LARGEST_BYTES:
        return problem(
            413, f"The blob has {found.size:,} bytes.", f"Up to {LARGEST_BYTES:,} are served; use a storage tool."
        )
    content = blobs.read(name) if found else None
    if found is None or content is None:
        return problem(404, "There is no such blob in this container.", "Check the name; upper and lower case differ.")
    headers = json_headers() | headers_for(name, found.content_type, found.content_encoding)
    return send(content, headers=headers)

"""What a page says while storage, or the durable API of the host, does not answer."""

import azure.functions as func

from clients.web.outages import retry_after
from clients.web.page_replies import show
from pages.rendering import message_page


def unavailable(_: func.HttpRequest, error: Exception) -> func.HttpResponse:
    """Return 503: nothing is lost, and the same page may be asked for, or the same form sent, again."""
    page = message_page(
        "Please try again in a moment",
        "The storage does not respond.",
        "Reload the page. If you sent something, check first whether it is there; sending it again does no harm.",
    )
    return show(page, status=503, headers={"Retry-After": retry_after(error)})

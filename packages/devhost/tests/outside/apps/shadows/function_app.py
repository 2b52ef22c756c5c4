"""An app whose folders and modules have the names of devhost's own rooms, and of the repository that devhost is in."""

import azure.functions as func
import channel
import loader
from dispatch import greeting as dispatch
from host import greeting as host
from model import greeting as model
from wire import frames
from worker import greeting as worker

from activities import greeting as activities
from clients import greeting as clients
from entities import greeting as entities
from policies import greeting as policies

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
MODULES = (activities, channel, clients, dispatch, entities, frames, host, loader, model, policies, worker)


@app.route(route="greetings")
def greetings(req: func.HttpRequest) -> func.HttpResponse:
    """What each module says."""
    return func.HttpResponse(", ".join(sorted(module.WHO for module in MODULES)))

"""The smallest app that is one."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    """Greet."""
    return func.HttpResponse(f"hello {req.params.get('name', 'you')}")

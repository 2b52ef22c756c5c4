"""The CORS headers for pages of another origin, as ASP.NET's CORS middleware sends them under `func`.

The policy is the one that azure-functions-core-tools set up (`Startup.Configure`): any header, any verb. Preflights are
answered before anything else checks the request, also for unknown paths and for callers without a key.
Facts: dotnet/aspnetcore, `CorsMiddleware` and `CorsService`.
"""

from collections.abc import Mapping

from durable_devhost.local_host import ANY_ORIGIN, Cors

_ORIGIN = "Origin"
_ASKED_METHOD = "Access-Control-Request-Method"
_ASKED_HEADERS = "Access-Control-Request-Headers"


def is_preflight(cors: Cors, method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is a preflight; `headers` ignore case."""
    return bool(cors.origins) and method == "OPTIONS" and _ORIGIN in headers and _ASKED_METHOD in headers


def preflight_headers(cors: Cors, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of the answer to a preflight, a 204; none for an origin that may not call."""
    allowed = answer_headers(cors, headers)
    if not allowed:
        return {}
    asked = ",".join(name.strip() for name in headers.get(_ASKED_HEADERS, "").split(",") if name.strip())
    names = {"Access-Control-Allow-Headers": asked} if asked else {}
    vary = {"Vary": allowed.pop("Vary")} if "Vary" in allowed else {}
    return {**allowed, **names, "Access-Control-Allow-Methods": headers[_ASKED_METHOD], **vary}


def answer_headers(cors: Cors, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of any other answer; `Vary` is added to the answer's own."""
    origin = headers.get(_ORIGIN)
    is_any = cors.origins == (ANY_ORIGIN,)
    if not origin or not (is_any or origin in cors.origins):
        return {}
    credentials = {"Access-Control-Allow-Credentials": "true"} if cors.credentials else {}
    vary = {"Vary": _ORIGIN} if len(cors.origins) > 1 else {}
    return {"Access-Control-Allow-Origin": ANY_ORIGIN if is_any else origin, **credentials, **vary}

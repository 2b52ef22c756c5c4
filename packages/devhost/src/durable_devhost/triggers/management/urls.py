"""The URLs of the durable HTTP API: what a client function's binding holds and what a start answers. Pure.

Order of keys and of query parameters as recorded from extension 3.15 (`BindingHelper.cs`, `HttpApiHandler.cs`).
"""

from dataclasses import dataclass
from urllib.parse import quote

from durable_devhost.json_text import compact

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
RPC_PATH = "/durabletask"
DEFAULT_CONNECTION = "Storage"
"""How the extension names the connection where host.json has none; it stands for AzureWebJobsStorage."""

_PLACEHOLDER = "INSTANCEID"
_REASON = "reason={text}&"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementUrls:
    """Where the API is. `connection` is host.json's connectionName; `key` is None where no key is asked for."""

    hub: str
    connection: str | None = None
    key: str | None = None

    @property
    def connection_in_urls(self) -> str:
        """The connection as URLs have it."""
        return self.connection or DEFAULT_CONNECTION

    def names_this_hub(self, hub: str | None, connection: str | None) -> bool:
        """Whether a request's `taskHub` and `connection` parameters, where given, mean this hub."""
        known = {self.connection_in_urls.lower()}
        if self.connection is None:
            known.add("azurewebjobsstorage")
        return (not hub or hub.lower() == self.hub.lower()) and (not connection or connection.lower() in known)

    def creation(self, base: str) -> dict[str, str]:
        """The templates for starting an orchestration, `base` being the API's URL without a slash at its end."""
        start = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
        wait = "?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
        return {
            "createNewInstancePostUri": start + (f"?{self._code}" if self._code else ""),
            "createAndWaitOnNewInstancePostUri": start + wait + (f"&{self._code}" if self._code else ""),
        }

    def instance(self, base: str, instance_id: str) -> dict[str, str]:
        """The payload of a start: the id and the URLs that manage the instance."""
        return {
            "id": instance_id,
            "statusQueryGetUri": self.status(base, instance_id),
            "sendEventPostUri": self._url(base, instance_id, "/raiseEvent/{eventName}"),
            "terminatePostUri": self._url(base, instance_id, "/terminate", _REASON),
            "purgeHistoryDeleteUri": self._url(base, instance_id),
            "restartPostUri": self._url(base, instance_id, "/restart"),
            "suspendPostUri": self._url(base, instance_id, "/suspend", _REASON),
            "resumePostUri": self._url(base, instance_id, "/resume", _REASON),
        }

    def status(self, base: str, instance_id: str) -> str:
        """The URL that asks for the instance's status."""
        return self._url(base, instance_id)

    def templates(self, base: str) -> dict[str, str]:
        """The URLs of a binding, with a placeholder for the id; unlike a start's payload they have a rewind."""
        urls = self.instance(base, _PLACEHOLDER)
        rewind = self._url(base, _PLACEHOLDER, "/rewind", _REASON)
        before = ("id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri")
        first = {name: urls.pop(name) for name in before}
        return {**first, "rewindPostUri": rewind, **urls}

    @property
    def query(self) -> str:
        """What the extension calls the required query string: the key."""
        return self._code

    @property
    def _code(self) -> str:
        return f"code={quote(self.key, safe='')}" if self.key else ""

    def _url(self, base: str, instance_id: str, path: str = "", query: str = "") -> str:
        hub, connection = quote(self.hub, safe=""), quote(self.connection_in_urls, safe="")
        required = f"taskHub={hub}&connection={connection}" + (f"&{self._code}" if self._code else "")
        return f"{base}/instances/{quote(instance_id, safe='')}{path}?{query}{required}"


def client_binding(base_url: str, rpc_url: str, hub: str, connection: str | None, key: str | None) -> str:
    """What a durableClient input binding hands to the worker: JSON text, nulls written.

    `base_url` is the public API (`http://localhost:7071/runtime/webhooks/durabletask`), `rpc_url` the one that the
    SDK calls, without a key (`http://127.0.0.1:7071/durabletask/SECRET/`). The binding's own taskHub and
    connectionName, where it has them, are what `hub` and `connection` should be.
    """
    base = base_url.rstrip("/")
    urls = ManagementUrls(hub=hub, connection=connection, key=key)
    binding = {
        "taskHubName": hub,
        "connectionName": connection,
        "creationUrls": urls.creation(base),
        "managementUrls": urls.templates(base),
        "baseUrl": base,
        "requiredQueryStringParameters": urls.query,
        "rpcBaseUrl": rpc_url.rstrip("/") + "/",
        "httpBaseUrl": None,
    }
    return compact(binding)

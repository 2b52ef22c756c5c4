"""How calls to storage leave the process: through `requests`, which looks into the environment once for each server.

By itself it does so for each call: for proxies, certificates and a `.netrc`, through all variables that there are.
Where there are a hundred of them, as in a function app, that was a fifth of the CPU time of a call.
"""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter, Retry

MOST_CONNECTIONS = 64
"""Connections to one server that are kept open: more than a worker has threads, or each call above would connect anew.

The default of `requests` is 10.
"""


class StorageSession(Session):
    """A session that remembers what the environment says about a server."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # the base class asks the environment no more; `merge_environment_settings` does
        # As azure.core sets up its own sessions: it retries and redirects by itself, and judges each failure.
        retries = Retry(total=False, redirect=False, raise_on_status=False)
        adapter = HTTPAdapter(max_retries=retries, pool_maxsize=MOST_CONNECTIONS)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)
        self._servers = dict[tuple[str, str], tuple[dict[str, str], Any]]()

    def merge_environment_settings(
        self,
        url: Any,
        proxies: MutableMapping[str, str] | None,
        stream: bool | None,
        verify: Any,
        cert: Any,
    ) -> Any:
        """Return what a request is sent with; what the caller says comes before what the environment says."""
        known, certificates = self._settings_of(str(url))
        verify = certificates if verify is None or verify is True else verify
        return super().merge_environment_settings(url, known | dict(proxies or {}), stream, verify, cert)

    def _settings_of(self, url: str) -> tuple[dict[str, str], Any]:
        """Return proxies and certificates for a server. Two threads that ask at the same time find the same."""
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        found = self._servers.get(server)
        if found is None:
            told = environment_settings(url)
            found = self._servers[server] = dict(told["proxies"]), told["verify"]
        return found


def environment_settings(url: str) -> Any:
    """Return what the environment says about a server, as `requests` reads it."""
    with Session() as session:
        return session.merge_environment_settings(url, {}, False, True, None)


def open_transport() -> RequestsTransport:
    """Return a transport for the clients of one service."""
    return RequestsTransport(session=StorageSession())

"""How calls to storage leave the process: through `requests`, which looks into the environment once for each server.

By itself it does so for each call: for proxies, certificates and a `.netrc`, through all variables that there are.
Where there are a hundred of them, as in a function app, that was a fifth of the CPU time of a call.
"""

import os
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.util.retry import Retry

MOST_CONNECTIONS = 64
"""Connections to one server that are kept open: more than a worker has threads, or each call above would connect anew.

The default of `requests` is 10.
"""

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name a file with certificates; the first one that is set counts."""


class StorageSession(Session):
    """A session that remembers what the environment says about a server."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # the base class asks the environment no more; `merge_environment_settings` does
        # The SDK retries by itself.
        adapter = HTTPAdapter(max_retries=Retry(0, read=False), pool_maxsize=MOST_CONNECTIONS)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)
        self._proxies = dict[tuple[str, str], dict[str, str]]()

    def merge_environment_settings(
        self,
        url: Any,
        proxies: MutableMapping[str, str] | None,
        stream: bool | None,
        verify: Any,
        cert: Any,
    ) -> Any:
        """Return what a request is sent with; what the caller says comes before what the environment says."""
        known = self._known(str(url)) | dict(proxies or {})
        if verify is None or verify is True:
            verify = next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), True)
        return super().merge_environment_settings(url, known, stream, verify, cert)

    def _known(self, url: str) -> dict[str, str]:
        """Return the proxies of a server. Two threads that ask at the same time find the same."""
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        found = self._proxies.get(server)
        if found is None:
            found = self._proxies[server] = dict(get_environ_proxies(url))
        return found


def open_transport() -> RequestsTransport:
    """Return a transport for the clients of one service."""
    return RequestsTransport(session=StorageSession())

"""The Authorization header of a storage request: Shared Key for blobs and queues, Shared Key Lite for tables.

Both are described in Microsoft's "Authorize with Shared Key"; the strings to sign are built here from what is sent,
so the transport must add no header of its own that begins with `x-ms-` or is named below.
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from durable_devhost.storage.account import SERVICES, Service, StorageAccount

_SIGNED_AFTER_TYPE = ("date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range")


class Signer:
    """Signs the requests to one account. Made once: resources, and HMAC with the key in it."""

    def __init__(self, account: StorageAccount) -> None:
        self._name = account.name
        self._resources = {
            service: f"/{account.name}{urlsplit(account.endpoint(service)).path}" for service in SERVICES
        }
        self._mac = hmac.new(account.key or b"", digestmod="sha256")

    def authorization(
        self,
        service: Service,
        verb: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content_length: int,
    ) -> str:
        """Sign one request.

        `path` is percent-encoded and relative to the endpoint, `query` is decoded, `headers` have lower-case names and
        contain `x-ms-date`.
        """
        resource = self._resources[service] + path
        if service == "table":
            comp = f"?comp={query['comp']}" if "comp" in query else ""
            signature = self._digest(f"{headers['x-ms-date']}\n{resource}{comp}")
            return f"SharedKeyLite {self._name}:{signature}"
        get = headers.get
        lines = [
            verb,
            get("content-encoding", ""),
            get("content-language", ""),
            str(content_length) if content_length else "",
            get("content-md5", ""),
            get("content-type", ""),
        ]
        lines += [get(name, "") for name in _SIGNED_AFTER_TYPE]
        lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-ms-")]
        lines.append(resource)
        lines += [f"{name.lower()}:{query[name]}" for name in sorted(query)]
        signature = self._digest("\n".join(lines))
        return f"SharedKey {self._name}:{signature}"

    def _digest(self, text: str) -> str:
        """HMAC-SHA256 in Base64, from a copy that has the key in it already."""
        mac = self._mac.copy()
        mac.update(text.encode())
        return base64.b64encode(mac.digest()).decode()

"""The Authorization header of a storage request: Shared Key for blobs and queues, Shared Key Lite for tables.

Both are described in Microsoft's "Authorize with Shared Key"; the strings to sign are built here from what is sent,
so the transport must add no header of its own that begins with `x-ms-` or is named below.
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from durable_devhost.storage.account import Service, StorageAccount

_SIGNED_AFTER_TYPE = ("date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range")


def authorization(
    account: StorageAccount,
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
    resource = f"/{account.name}{urlsplit(account.endpoint(service)).path}{path}"
    if service == "table":
        comp = f"?comp={query['comp']}" if "comp" in query else ""
        signature = _digest(account, f"{headers['x-ms-date']}\n{resource}{comp}")
        return f"SharedKeyLite {account.name}:{signature}"
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
    signature = _digest(account, "\n".join(lines))
    return f"SharedKey {account.name}:{signature}"


def _digest(account: StorageAccount, text: str) -> str:
    return base64.b64encode(hmac.digest(account.key or b"", text.encode(), "sha256")).decode()

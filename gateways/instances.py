"""The hub's list of instances, page by page.

SDK 1.7 reads the first hundred and ignores the continuation token (azure-functions-durable-python issue 580). This
module calls the same endpoint and follows the token, like the SDKs for other languages.
"""

import base64
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

import aiohttp

_CONTINUATION = "x-ms-continuation-token"
_NO_MORE = frozenset({"", base64.b64encode(b"null").decode()})
"""Some versions of the extension end the list with an encoded null (azure-functions-durable-extension issue 1174)."""

_PAGE = 250


class ListFailed(Exception):
    """The host did not return a list; the text has its response."""


async def list_instances(
    base_url: str, *, statuses: Iterable[str], created_before: datetime | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Yield the instances in these states, without their inputs; `base_url` is the local endpoint of the SDK's client.

    A page may be empty although more pages follow, because the table is searched in parts. Raises `ListFailed`.
    """
    query = {"runtimeStatus": ",".join(statuses), "showInput": "false", "top": str(_PAGE)}
    if created_before is not None:
        query["createdTimeTo"] = created_before.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    headers: dict[str, str] = {}
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{base_url}instances/", params=query, headers=headers) as response:
                if response.status != 200:
                    raise ListFailed(f"the list of instances could not be read: status {response.status}")
                entries = await response.json(content_type=None)
                token = response.headers.get(_CONTINUATION, "")
            for entry in entries:
                yield entry
            if token in _NO_MORE or token == headers.get(_CONTINUATION):
                return
            headers = {_CONTINUATION: token}

"""The message that names a blob for a function to handle, in the JSON of `BlobTriggerMessage.cs`. Pure.

A message is in the host's own queue until its function has run, and a copy of it in the poison queue if that
failed too often.
"""

import base64
from dataclasses import dataclass
from typing import Any

from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize
from durable_devhost.dotnet.json_writer import indented
from durable_devhost.settings import MessageEncoding

POISON_QUEUE = "webjobs-blobtrigger-poison"
_QUEUE_PREFIX = "azure-webjobs-blobtrigger-"
_TYPE = "BlobTrigger"
_ID_PREFIX = "Host.Functions."


def queue_name(host_id: str) -> str:
    """The queue of one host's blob functions (`HostQueueNames.cs`)."""
    return _QUEUE_PREFIX + host_id


def function_id(name: str) -> str:
    """The name of a function in messages and receipts."""
    return _ID_PREFIX + name


def function_name(id_: str) -> str:
    """The name of the function with that id; the short form `Functions.NAME` works too (`BlobListenerFactory.cs`)."""
    return id_.removeprefix("Host.").removeprefix("Functions.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobMessage:
    """One blob for one function. `blob_type` is `BlockBlob` and the like; `etag` has its quotes."""

    function_id: str
    container: str
    name: str
    etag: str
    blob_type: str = "BlockBlob"

    def to_text(self) -> str:
        """The message's text, which a queue holds in Base64."""
        return indented(
            {
                "Type": _TYPE,
                "FunctionId": self.function_id,
                "BlobType": self.blob_type,
                "ContainerName": self.container,
                "BlobName": self.name,
                "ETag": self.etag,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> "BlobMessage | None":
        """Read a message; None for an invalid text."""
        try:
            content: Any = deserialize(text, dates=False)
            return cls(
                function_id=str(content["FunctionId"]),
                container=str(content["ContainerName"]),
                name=str(content["BlobName"]),
                etag=str(content.get("ETag") or ""),
                blob_type=str(content.get("BlobType") or "BlockBlob"),
            )
        except (JsonReaderError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def from_queue(cls, text: str) -> "BlobMessage | None":
        """Read a message from a queue, in Base64 or plain; None for an invalid text."""
        try:
            return cls.from_text(text if text.lstrip().startswith("{") else base64.b64decode(text).decode())
        except ValueError:
            return None


def in_queue(message: BlobMessage, encoding: MessageEncoding) -> str:
    """The message's text in a queue."""
    text = message.to_text()
    return text if encoding == "none" else base64.b64encode(text.encode()).decode("ascii")

"""What is in the task hub, read past the host and past the proxy: a look changes nothing of what is tried."""

import json
from dataclasses import dataclass
from typing import Any, Self

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from durable_devhost.taskhub.names import HubNames

_ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and whether it can change any more by itself."""

    value: Any
    is_final: bool


NOTHING_YET = Found(None, is_final=False)


class HubReader:
    """The hub of this name in one storage account."""

    def __init__(self, connection_string: str, hub: str) -> None:
        names = HubNames(hub)
        self._tables = TableServiceClient.from_connection_string(connection_string)
        self._queues = QueueServiceClient.from_connection_string(connection_string)
        self._blobs = BlobServiceClient.from_connection_string(connection_string)
        self._instances = self._tables.get_table_client(names.instances)
        self._history = self._tables.get_table_client(names.history)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()
        self._queues.close()
        self._blobs.close()

    def row(self, instance_id: str) -> dict[str, Any]:
        """An Instances row, empty where there is none."""
        try:
            return dict(self._instances.get_entity(instance_id, ""))
        except ResourceNotFoundError:
            return {}

    def output(self, instance_id: str) -> Found:
        """The output of an instance that has completed, the status and reason of one that ended otherwise."""
        row = self.row(instance_id)
        status = row.get("RuntimeStatus")
        if status not in _ENDED:
            return Found(status, is_final=False)
        if status != "Completed":
            return Found(f"{status}: {row.get('Output', '')}", is_final=True)
        return Found(json.loads(row.get("Output") or "null"), is_final=True)

    def status(self, instance_id: str) -> Found:
        """The runtime status."""
        status = self.row(instance_id).get("RuntimeStatus")
        return Found(status, is_final=status in _ENDED)

    def custom_status(self, instance_id: str) -> Any:
        """The custom status, None where there is none."""
        return json.loads(self.row(instance_id).get("CustomStatus") or "null")

    def counter(self, key: str) -> int:
        """The state of the entity Counter of this key, 0 before its first operation."""
        stored = json.loads(self.row(f"@counter@{key}").get("Input") or "{}")
        return int(json.loads(stored.get("state") or "0") or 0)

    def rows(self, instance_id: str) -> int:
        """How many rows there are of an instance, in both tables."""
        wanted = f"PartitionKey eq '{instance_id}'"
        return sum(len(list(each.query_entities(wanted))) for each in (self._instances, self._history))

    def make_queue(self, queue: str) -> None:
        """Make a queue that is not there yet."""
        self._queues.create_queue(queue)

    def send(self, queue: str, text: str) -> None:
        """Put a message on a queue, as another system would."""
        self._queues.get_queue_client(queue).send_message(text)

    def blobs(self, container: str, prefix: str) -> list[str]:
        """The names of the blobs in a container that begin so."""
        return list(self._blobs.get_container_client(container).list_blob_names(name_starts_with=prefix))

    def lengths(self) -> dict[str, int]:
        """The queues that hold messages, and how many; the hidden ones count."""
        lengths = {}
        for each in self._queues.list_queues():
            found = self._queues.get_queue_client(each.name).get_queue_properties().approximate_message_count
            if found:
                lengths[each.name] = found
        return lengths

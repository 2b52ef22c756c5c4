"""The task hub holds what the real provider writes, read with the plain Azure SDKs (recorded from extension 3.15).

In journal mode histories and instances are the same, but for columns that the real provider does not know; what is on
its way lies beside them instead of on queues.
"""

import gzip
import json
import uuid
from collections.abc import Mapping
from datetime import datetime

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from durable_devhost.taskhub.packed import events_in, packed_in
from packages.devhost.tests.conformance.conftest import eventually, queue_of
from packages.devhost.tests.conformance.recordings import as_lines, comparable, recording

RECORDED = recording("storage")
RUNS = RECORDED["runs"]
PEEKED = 32
MARK = "6a6f-7572-6e61-6c0000000000"
OUTBOX = "outbox-"
MORE_COLUMNS = {"PendingInput", "PendingInputBlobName", "Open", "LastEpisode"}

pytestmark = pytest.mark.timeout(120)


class Hub:
    """The hub's tables and blobs."""

    def __init__(self, connection):
        self._connection = connection

    def rows(self, table, instance_id, run_id):
        """The rows of an instance in order, comparable: a column's type shows in its value's."""
        with TableServiceClient.from_connection_string(self._connection) as tables:
            found = tables.get_table_client(f"TruthHub{table}").query_entities(
                "PartitionKey eq @id", parameters={"id": instance_id}
            )
            return [row_of(row, run_id) for each in found for row in rows_in(each)]

    def blobs(self, container, prefix=""):
        """Name, content type and encoding, and content of the blobs."""
        with BlobServiceClient.from_connection_string(self._connection) as service:
            client = service.get_container_client(container)
            return {
                blob.name: (blob.content_settings, client.download_blob(blob.name).readall())
                for blob in client.list_blobs(name_starts_with=prefix)
            }


def rows_in(row: Mapping):
    """The row as the provider would have it: none for a message, and before a sentinel the events packed into it."""
    packed = packed_in(row)
    yield from events_in(row)
    if not row["RowKey"].startswith(OUTBOX):
        yield {name: value for name, value in row.items() if name not in packed}


def row_of(row: Mapping, run_id):
    """A row with its columns in order; Int64 columns would show as pairs, times as what they are."""
    values = {
        name: "<DateTime>" if isinstance(value, datetime) else comparable(value, run_id)
        for name, value in row.items()
        if name not in MORE_COLUMNS
    }
    return dict(sorted(values.items()))


@pytest.fixture(scope="module")
def hub(connection):
    """The hub of the running host."""
    return Hub(connection)


@pytest.fixture(scope="module")
def ids(host):
    """The instance ids of the recorded orchestrations, after all have come as far as they went."""
    ids = {name: f"{name}-{uuid.uuid4().hex[:8]}" for name in RUNS}
    for name, instance_id in ids.items():
        host.begin(name, instance_id, RUNS[name]["input"])
    for name, instance_id in ids.items():
        if "event" in RUNS[name]:
            host.wait(instance_id, until=is_running)
            host.raise_event(instance_id, *RUNS[name]["event"])
    for name, instance_id in ids.items():
        host.wait(instance_id, until=is_running if RUNS[name]["instance"]["RuntimeStatus"] == "Running" else None)
    return ids


def is_running(status):
    """Whether the first episode is over."""
    return status["runtimeStatus"] == "Running"


@pytest.mark.parametrize("name", RUNS)
def test_history_rows_are_those_of_the_provider(hub, ids, name):
    """Every row of the history has the recorded columns, types and values."""
    assert as_lines(RUNS[name]["history"]) == as_lines(hub.rows("History", ids[name], ids[name]))


@pytest.mark.parametrize("name", RUNS)
def test_instance_row_is_that_of_the_provider(hub, ids, name):
    """The Instances row has the recorded columns, types and values."""
    assert as_lines([RUNS[name]["instance"]]) == as_lines(hub.rows("Instances", ids[name], ids[name]))


@pytest.mark.parametrize("other", RECORDED["others"])
def test_children_and_entities_are_those_of_the_provider(hub, ids, other):
    """A sub-orchestration and an entity have the recorded rows."""
    recorded = RECORDED["others"][other]
    run_id = ids[recorded["of"]]
    instance_id = other.replace("<instance>", run_id)
    assert as_lines([recorded["instance"]]) == as_lines(hub.rows("Instances", instance_id, run_id))
    assert as_lines(recorded["history"]) == as_lines(hub.rows("History", instance_id, run_id))


def test_large_values_are_in_blobs_of_the_recorded_names(hub, ids, storage_mode):
    """Values too large for a message or a column are gzipped blobs without a Content-Encoding."""
    if storage_mode == "journal":
        pytest.skip("an activity's large input is a column's blob there, and no message's")
    run_id = ids["big_payload"]
    found = hub.blobs("truthhub-largemessages", f"{run_id}/")
    # devhost hands an activity's result over without a queue message, so the message's blob is not there.
    recorded = [name for name in RECORDED["blobs"] if not name.endswith("-TaskCompleted.json.gz")]
    assert sorted(recorded) == sorted(comparable(name, run_id) for name in found)
    assert {("application/octet-stream", None)} == {
        (kind.content_type, kind.content_encoding) for kind, _ in found.values()
    }
    texts = [gzip.decompress(content).decode() for name, (_, content) in found.items() if "TaskCompleted-" in name]
    assert texts == [json.dumps("é" * 60_000, ensure_ascii=False)]


def test_partition_rows_are_those_of_the_provider(hub):
    """The Partitions table has a row for each control queue, with the recorded columns and types."""
    rows = [row | {"CurrentOwner": "<owner>"} for row in hub.rows("Partitions", "", None)]
    assert as_lines(RECORDED["partitions"]) == as_lines(rows)


def test_app_lease_is_that_of_the_provider(hub, storage_mode):
    """The app lease's blob has the recorded name and content; in journal mode its owner is none of the provider's."""
    recorded = RECORDED["appLease"]
    if storage_mode == "journal":
        recorded = recorded | {"content": recorded["content"].replace("0000-0000-0000-000000000000", MARK)}
    [(name, (settings, content))] = hub.blobs("truthhub-applease").items()
    assert recorded == {
        "name": name,
        "content_type": settings.content_type,
        "content_encoding": settings.content_encoding,
        "content": content.decode(),
    }


def test_messages_on_the_queues_are_those_of_the_provider(start_app, host):
    """A killed host leaves an activity and a timer on the queues, and both messages are the recorded JSON."""
    hidden = {
        "AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemQueueVisibilityTimeout": "00:00:01"
    }
    victim = start_app(host.app_dir, clock="system", storage_mode="standard", environ=hidden)
    connection = victim.connection_string
    open_ids = [
        victim.start("any_of_activities", instance_id="open-activity"),
        victim.start("approval", {"seconds": 3}, "open-timer"),
    ]
    for instance_id in open_ids:
        victim.wait(instance_id, until=is_running)
    victim.kill()
    queues = ["truthhub-workitems", *(f"truthhub-control-0{number}" for number in range(4))]
    wanted = dict(sorted(RECORDED["messages"].items()))
    assert as_lines(wanted) == as_lines(
        eventually(lambda: messages_on(connection, queues), lambda seen: seen.keys() == wanted.keys())
    )


def messages_on(connection, queues):
    """The visible messages by their event's kind, comparable."""
    found = {}
    for name in queues:
        with queue_of(connection, name) as queue:
            texts = [json.loads(peeked.content) for peeked in queue.peek_messages(PEEKED)]
        for message in texts:
            kind = message["TaskMessage"]["Event"]["$type"].rpartition(".")[2].removesuffix("Event")
            instance_id = message["TaskMessage"]["OrchestrationInstance"]["InstanceId"]
            found[kind] = comparable(message, instance_id) | {"SequenceNumber": "<number>"}
    return dict(sorted(found.items()))

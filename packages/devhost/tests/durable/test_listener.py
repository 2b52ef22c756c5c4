"""What the hub's listener does when storage does not do what it should."""

from pathlib import Path

from azure.data.tables import TableClient
from azure.storage.queue import QueueClient

from durable_devhost.testing.plugin import StartApp

APP = """
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def pair(context: df.DurableOrchestrationContext):
    first = yield context.call_activity("same", 1)
    return (yield context.call_activity("same", first + 1))


@app.activity_trigger(input_name="n")
def same(n: int) -> int:
    return n
"""


def test_damaged_instances_are_named_at_the_start(start_app: StartApp, tmp_path: Path) -> None:
    """One line each: a missing history at once, a lost start after the queues have been emptied."""
    (tmp_path / "function_app.py").write_text(APP)
    app = start_app(tmp_path)
    rows = {"empty": "Running", "never": "Pending"}
    with TableClient.from_connection_string(app.connection_string, "TestHubNameInstances") as table:
        for key, status in rows.items():
            table.create_entity({"PartitionKey": key, "RowKey": "", "Name": "pair", "RuntimeStatus": status})
    with TableClient.from_connection_string(app.connection_string, "TestHubNamePartitions") as table:
        table.create_entity({"PartitionKey": "", "RowKey": "testhubname-control-xx"})
    app.restart()

    def warned() -> set[str]:
        return {record["instance"] for record in app.records if record["event"] == "warning" and record.get("instance")}

    app.until(lambda: warned() == {"empty", "never"})
    odd = "'testhubname-control-xx'"
    app.until(lambda: any(odd in record["text"] for record in app.records if record["event"] == "warning"))
    assert app.wait(app.start("pair"))["output"] == 2


def test_a_deleted_control_queue_is_reported_and_created_again(start_app: StartApp, tmp_path: Path) -> None:
    """One sentence and no traceback; other instances still run."""
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "host.json").write_text(
        '{"version": "2.0", "extensions": {"durableTask": {"hubName": "ListenHub",'
        ' "storageProvider": {"maxQueuePollingInterval": "00:00:00.2"}}}}'
    )
    app = start_app(tmp_path)
    storage = app.connection_string
    with QueueClient.from_connection_string(storage, "listenhub-control-00") as queue:
        queue.delete_queue()

    def warnings() -> list[str]:
        return [record["text"] for record in app.records if record["event"] == "warning"]

    app.until(warnings)
    assert warnings()[0].startswith("The queue listenhub-control-00 was gone, and is made again. ")
    for _ in range(8):  # some of them in the partition of that queue
        assert app.wait(app.start("pair"))["output"] == 2
    with QueueClient.from_connection_string(storage, "listenhub-control-00") as queue:
        assert queue.get_queue_properties().name == "listenhub-control-00"
    assert app.exit_status is None

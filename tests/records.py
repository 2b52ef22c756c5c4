"""A record of a proposal as only somebody with the account's key can change it."""

from collections.abc import Callable

from azure.storage.blob import BlobServiceClient


def rewrite(
    connection_string: str, proposal: str, change: Callable[[bytes], bytes] | None, *, container: str = "records"
) -> bytes:
    """Put other bytes in the place of a record, or delete it where there is no change; return what is there now."""
    with BlobServiceClient.from_connection_string(connection_string) as service:
        blob = service.get_blob_client(container, f"{proposal}.jsonl")
        content = change(blob.download_blob().readall()) if change else b""
        blob.delete_blob()
        if change:
            blob.create_append_blob()
            blob.append_block(content)
    return content

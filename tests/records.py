"""A record of a proposal as only somebody with the account's key can change it."""

from collections.abc import Callable

from azure.storage.blob import BlobServiceClient


def rewrite(connection_string: str, proposal: str, change: Callable[[bytes], bytes]) -> bytes:
    """Put other bytes in the place of a record; return what is there now."""
    with BlobServiceClient.from_connection_string(connection_string) as service:
        blob = service.get_blob_client("records", f"{proposal}.jsonl")
        content = change(blob.download_blob().readall())
        blob.delete_blob()
        blob.create_append_blob()
        blob.append_block(content)
    return content

"""The address of the host, and the durable client binding that gives it to the SDK."""

import secrets
from dataclasses import dataclass, field

from durable_devhost.model.functions import Binding
from durable_devhost.triggers.management.urls import RPC_PATH, WEBHOOK_PATH, ManagementUrls, client_binding

_SECRET_BYTES = 40
"""In hexadecimal it is longer than any part of a path that the console shows."""


def _new_rpc_path() -> str:
    return f"{RPC_PATH}/{secrets.token_hex(_SECRET_BYTES)}"


@dataclass(kw_only=True)
class Address:
    """The address of the host; the port is known once it listens, which is before any function runs."""

    urls: ManagementUrls
    port: int = 0
    rpc_path: str = field(default_factory=_new_rpc_path, repr=False)
    """The path at which the SDK calls this process without a key. Only functions know it; others need a key."""

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return f"http://localhost:{self.port}"

    def binding(self, binding: Binding) -> str:
        """The text of a durable client binding."""
        return client_binding(
            base_url=f"{self.url}{WEBHOOK_PATH}",
            rpc_url=f"http://127.0.0.1:{self.port}{self.rpc_path}/",
            hub=binding.text("taskHub") or self.urls.hub,
            connection=binding.text("connectionName") or self.urls.connection,
            key=self.urls.key,
        )

"""Where the host is reached, and the durable client binding that tells the SDK so."""

import secrets
from dataclasses import dataclass, field

from durable_devhost.model.functions import Binding
from durable_devhost.triggers.management.urls import RPC_PATH, WEBHOOK_PATH, ManagementUrls, client_binding

_SECRET_BYTES = 40
"""As hexadecimal digits it is longer than any part of a path that the console shows."""


def _new_rpc_path() -> str:
    return f"{RPC_PATH}/{secrets.token_hex(_SECRET_BYTES)}"


@dataclass(kw_only=True)
class Address:
    """Where the host is reached; the port is known once it listens, which is before any function runs."""

    urls: ManagementUrls
    port: int = 0
    rpc_path: str = field(default_factory=_new_rpc_path, repr=False)
    """Where the SDK calls this process without a key. Only functions learn it: nobody else goes round the keys."""

    @property
    def url(self) -> str:
        """The base URL without a slash at its end."""
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

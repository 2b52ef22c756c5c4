"""Where the host is reached, and the durable client binding that tells the SDK so."""

from dataclasses import dataclass

from durable_devhost.model.functions import Binding
from durable_devhost.triggers.management.urls import RPC_PATH, WEBHOOK_PATH, ManagementUrls, client_binding


@dataclass(kw_only=True)
class Address:
    """Where the host is reached; the port is known once it listens, which is before any function runs."""

    urls: ManagementUrls
    port: int = 0

    @property
    def url(self) -> str:
        """The base URL without a slash at its end."""
        return f"http://localhost:{self.port}"

    def binding(self, binding: Binding) -> str:
        """The text of a durable client binding."""
        return client_binding(
            base_url=f"{self.url}{WEBHOOK_PATH}",
            rpc_url=f"http://127.0.0.1:{self.port}{RPC_PATH}/",
            hub=binding.text("taskHub") or self.urls.hub,
            connection=binding.text("connectionName") or self.urls.connection,
            key=self.urls.key,
        )

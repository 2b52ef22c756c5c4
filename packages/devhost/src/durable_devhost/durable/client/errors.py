"""Why a client's request to an instance or entity was not carried out; the HTTP API turns each into its answer."""

from durable_devhost.model.history import RuntimeStatus


class ClientError(Exception):
    """Root of the refusals of the durable client; nothing has been changed when one is raised."""


class NotFound(ClientError):
    """There is no instance of that id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"No instance with ID '{instance_id}' was found.")
        self.instance_id = instance_id


class InstanceEnded(ClientError):
    """The instance has ended, so nothing can be sent to it any more."""

    def __init__(self, instance_id: str, status: RuntimeStatus) -> None:
        super().__init__(f"The orchestration instance {instance_id} is in the {status} state.")
        self.instance_id = instance_id
        self.status = status


class WrongState(ClientError):
    """The instance is alive but the request does not fit its state: resume of a running one, purge, rewind."""


class UnknownEntity(ClientError):
    """The app has no entity function of that name."""


class DisabledOrchestrator(ClientError):
    """The orchestrator to be started is switched off; one that the app does not have is another thing (recorded)."""


class BadArgument(ClientError):
    """A value can never be right: an entity key with a slash, a polling interval above the timeout."""

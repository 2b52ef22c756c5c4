"""The errors whose text is for the user at the console.

Each message says in a sentence or two what happened and what to do. The command line prints it without a
traceback and exits with status 2. Any other error that escapes is a bug of devhost.
"""


class DevhostError(Exception):
    """Base class of every error that a user can fix without reading devhost's source."""


class SettingsError(DevhostError):
    """host.json, local.settings.json, the environment or the command line has an unusable value."""


class AppError(DevhostError):
    """The function app cannot be loaded or asks for something that devhost does not support."""


class AppImportError(AppError):
    """The app's own code failed while it was imported; `details` is its traceback without devhost's frames."""

    def __init__(self, text: str, details: str) -> None:
        super().__init__(text)
        self.details = details


class WorkerKeepsDying(DevhostError):
    """The app's process ended repeatedly; the host gives up."""


class StorageUnavailable(DevhostError):
    """Nothing answers at the storage endpoint, or it was silent for longer than the retries last."""

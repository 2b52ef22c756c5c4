"""The errors whose text is meant for the person at the console.

Each message says what happened and what to do now, in a sentence or two. The command line prints it without a
traceback and exits with status 2. Anything else that escapes is a defect of devhost itself.
"""


class DevhostError(Exception):
    """Root of every error that a person can fix without reading devhost's source."""


class SettingsError(DevhostError):
    """host.json, local.settings.json, the environment or the command line holds something unusable."""


class AppError(DevhostError):
    """The function app cannot be loaded or asks for something that devhost does not support."""


class AppImportError(AppError):
    """The app's own code failed while it was imported; `details` is its traceback without devhost's frames."""

    def __init__(self, text: str, details: str) -> None:
        super().__init__(text)
        self.details = details


class WorkerKeepsDying(DevhostError):
    """The app's process ended again and again; the host gives up."""


class StorageUnavailable(DevhostError):
    """Nothing answers at the storage endpoint, or it stopped answering for longer than the retries last."""

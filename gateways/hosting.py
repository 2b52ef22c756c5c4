"""Where the app runs: on Azure, or on a developer's machine."""

import os


def on_azure() -> bool:
    """Say whether the app runs on Azure, by variables that the platform always sets.

    Flex Consumption does not set the first one. Azure also sets `CONTAINER_NAME`, but so do other containers.
    """
    return bool(
        os.environ.get("WEBSITE_INSTANCE_ID")
        or os.environ.get("WEBSITE_SITE_NAME")
        or os.environ.get("WEBSITE_SKU")
        or os.environ.get("LEGION_SERVICE_HOST")
    )


def is_development() -> bool:
    """Say whether the app runs for development: `AUTH_MODE` is set to it, which is refused on Azure."""
    return os.environ.get("AUTH_MODE") == "development"

"""Where the app runs: on Azure, or on a machine of somebody who works on it."""

import os


def on_azure() -> bool:
    """Say whether the platform has set what it always sets. Flex Consumption leaves the first of these out.

    It also sets `CONTAINER_NAME`, but so does many a container of developers.
    """
    return bool(
        os.environ.get("WEBSITE_INSTANCE_ID")
        or os.environ.get("WEBSITE_SITE_NAME")
        or os.environ.get("WEBSITE_SKU")
        or os.environ.get("LEGION_SERVICE_HOST")
    )

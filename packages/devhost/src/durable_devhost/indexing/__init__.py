"""From the app's folder to the catalog of its functions."""

"""A local host for Azure Functions apps in Python: runs any v2 app, durable functions included, on Azurite."""

__version__ = "0.2.0"

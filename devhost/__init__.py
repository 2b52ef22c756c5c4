"""A local host for Azure Functions apps: runs an unmodified v2 app, durable functions included, on Azurite."""

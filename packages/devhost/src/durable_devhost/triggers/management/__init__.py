"""The durable HTTP API, as the extension serves it."""

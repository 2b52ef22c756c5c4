"""The HTTP API as a table, from which its OpenAPI document is generated."""

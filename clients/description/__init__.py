"""The HTTP API as a table, of which its OpenAPI document is made."""

"""Entities: batches of operations, the order of their messages, locks."""

"""Thin asyncio clients for Azure Tables, Queues and Blobs: what the hot path of a task hub needs, and no more."""

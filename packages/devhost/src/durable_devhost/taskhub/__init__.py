"""The task hub of the durable extension on Azure Storage: its names, columns and encodings, and nothing of the engine.

Everything here follows DurableTask.AzureStorage 2.x (`Azure/durabletask`), as the extension 3.15 was recorded.
"""

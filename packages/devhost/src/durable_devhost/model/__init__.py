"""The data model of a task hub and of a function app: frozen data, JSON both ways, no I/O."""

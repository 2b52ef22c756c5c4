"""The protocol between host and worker; the only modules besides `worker` that run in the app's Python."""

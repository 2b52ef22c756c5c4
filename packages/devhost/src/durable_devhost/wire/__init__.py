"""What the host and the worker say to each other; the only modules besides `worker` that run in the app's Python."""

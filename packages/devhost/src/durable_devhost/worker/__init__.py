"""The process that runs the app: it imports it in the app's own Python, calls its functions and answers the host."""

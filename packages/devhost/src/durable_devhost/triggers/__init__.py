"""What sets functions off: HTTP requests, queue messages, the passing of time."""

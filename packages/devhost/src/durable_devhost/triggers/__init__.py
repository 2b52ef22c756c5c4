"""What starts functions: HTTP requests, queue messages, blobs, the passing of time."""

"""What the HTTP functions share: the caller's identity, rate limits, origins, responses and errors."""

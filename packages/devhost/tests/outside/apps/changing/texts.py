"""What the app says."""

GREETING = "hello"

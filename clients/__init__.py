"""What the outside world reaches: HTTP and queue triggers. Parse, call, answer; the rules are elsewhere."""

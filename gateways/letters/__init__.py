"""Letters and pages: writing them, and sending each letter once."""

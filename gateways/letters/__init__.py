"""Letters and pages: written, put into an envelope, and sent once."""

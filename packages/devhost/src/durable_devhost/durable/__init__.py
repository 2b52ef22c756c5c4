"""The durable engine: mailbox, decide (pure), commit, act."""

"""What callers from outside may do with orchestrations and entities."""

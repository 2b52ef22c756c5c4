"""Blob functions: containers are scanned, a queue carries what is new, receipts say what was taken."""

"""Blob functions: scans find new blobs, a queue carries them, receipts say which were handled."""

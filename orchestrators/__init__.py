"""The workflows, one a file, to be read from top to bottom. They replay: no clock, no chance, no I/O here."""

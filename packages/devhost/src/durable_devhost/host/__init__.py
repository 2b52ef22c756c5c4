"""The host as a whole: its assembly, the console, its own pages, the clock, and the accounts that it talks to."""

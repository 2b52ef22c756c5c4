"""The command line of Greenlight: a client of its HTTP API for people who work in a terminal."""

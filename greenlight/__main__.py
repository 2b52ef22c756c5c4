"""Runs the command line: `python -m greenlight`, which is what `.venv/bin/greenlight` does."""

from greenlight.cli import main

if __name__ == "__main__":
    main(prog_name="greenlight")

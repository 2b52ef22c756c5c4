"""Runs the command line: `python -m greenlight`, which is what `.venv/bin/greenlight` does."""

import sys

from greenlight.cli import main
from greenlight.texts import spell_out

if __name__ == "__main__":
    spell_out(sys.stdout, sys.stderr)
    main(prog_name="greenlight")

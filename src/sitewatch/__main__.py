"""Lets ``python -m sitewatch`` stand in for the ``sitewatch`` command."""

import sys

from sitewatch.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""Lets ``python -m sitewatch`` stand in for the ``sitewatch`` command."""

from sitewatch.cli import run_process

if __name__ == "__main__":
    run_process()

"""Runs the `registry` command."""

from app.entry.cli.commands import main

main()

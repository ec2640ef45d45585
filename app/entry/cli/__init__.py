"""The `registry` command: ``python -m app.entry.cli``."""

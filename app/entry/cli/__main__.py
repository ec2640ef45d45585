"""Runs the `registry` command."""

import gc

# Nothing that is imported is garbage, and looking for it is a fifth of the time to start.
gc.disable()
from app.entry.cli.commands import main  # noqa: E402

gc.freeze()
gc.enable()

main()

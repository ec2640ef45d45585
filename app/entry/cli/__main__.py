"""Runs the `registry` command."""

import gc
import sys
from importlib import import_module
from typing import Final

# Run by people who have no register: without the others, and without the database's libraries.
ALONE: Final = {"verify": "app.entry.cli.verify", "witness": "app.entry.cli.witness"}

# Nothing that is imported is garbage, and looking for it is a fifth of the time to start.
gc.disable()
named = next(iter(sys.argv[1:]), "")
main = import_module(ALONE.get(named, "app.entry.cli.commands")).main

gc.freeze()
gc.enable()

main()

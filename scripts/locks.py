"""Write the locks: every package, every version, every hash; no address of any index."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from bootstrap import ROOT, clean_environ

# In this order: the local lock follows the versions of the production lock.
NAMES: Final = ("requirements-uv", "requirements", "requirements-local", "requirements-dev")
OLDEST_PYTHON: Final = "3.11"


def main() -> int:
    """Resolve each requirements file; arguments go to uv (for instance --upgrade)."""
    for name in NAMES:
        options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
        python = ["--python-version", OLDEST_PYTHON]
        resolve = [sys.executable, "-m", "uv", "pip", "compile", *options, *python, *sys.argv[1:]]
        done = subprocess.run(
            [*resolve, f"{name}.in", "--output-file", f"{name}.lock"],
            cwd=ROOT,
            env=clean_environ(),
            check=False,
        )
        if done.returncode:
            print(f"{name}.in could not be resolved (the reason stands above).", file=sys.stderr)
            return 1
        print(f"{name}.lock written")
    return 0

"""What a command has cost: memory at its peak."""

import resource
import sys
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")  # Linux only


def peak_mb() -> float:
    """Return the most memory this process has held, in MB."""
    # Linux counts what the starting process held into getrusage; its own mark begins with us.
    if _STATUS.exists():
        line = next(x for x in _STATUS.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)

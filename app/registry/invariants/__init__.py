"""What must hold of the register at any moment, and whether it does."""

from app.registry.invariants.checking import (
    STATEMENTS,
    VIOLATIONS_SHOWN_MAX,
    Violation,
    check,
    list_broken,
)

__all__ = ["STATEMENTS", "VIOLATIONS_SHOWN_MAX", "Violation", "check", "list_broken"]

"""
Issuances in the database: decisions, and what each vintage became.

``tables`` says what can be kept; ``reading`` reads, ``writing`` writes.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.issuance.refusals import AlreadyDecidedError
from app.registry.issuance.store.reading import (
    find_issuance_of_batch,
    find_issuance_of_report,
    get_issuance,
    list_batch_counts,
    list_issuances,
    list_remainders,
)
from app.registry.issuance.store.tables import issuance_lines, issuances
from app.registry.issuance.store.writing import insert_issuance

__all__ = [
    "REFUSALS",
    "find_issuance_of_batch",
    "find_issuance_of_report",
    "get_issuance",
    "insert_issuance",
    "issuance_lines",
    "issuances",
    "list_batch_counts",
    "list_issuances",
    "list_remainders",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_issuances_report_id": AlreadyDecidedError,
}

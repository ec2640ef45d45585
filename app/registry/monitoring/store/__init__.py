"""
Monitoring reports in the database: lines, documents, events, and letters of recognition.

``tables`` says what can be kept; ``reading`` reads what somebody may see; ``writing`` writes.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.monitoring.refusals import LetterNumberTakenError, PeriodOverlapError
from app.registry.monitoring.store.reading import (
    find_letter_holder_id,
    find_overlapping_id,
    find_recognition,
    get_report,
    get_visible_report,
    list_events,
    list_events_of,
    list_reports,
    visible_to,
)
from app.registry.monitoring.store.tables import (
    monitoring_documents,
    monitoring_lines,
    monitoring_reports,
    recognitions,
    report_events,
)
from app.registry.monitoring.store.writing import (
    insert_event,
    insert_recognition,
    insert_report,
    update_report,
)

__all__ = [
    "REFUSALS",
    "find_letter_holder_id",
    "find_overlapping_id",
    "find_recognition",
    "get_report",
    "get_visible_report",
    "insert_event",
    "insert_recognition",
    "insert_report",
    "list_events",
    "list_events_of",
    "list_reports",
    "monitoring_documents",
    "monitoring_lines",
    "monitoring_reports",
    "recognitions",
    "report_events",
    "update_report",
    "visible_to",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "ex_monitoring_reports_period": PeriodOverlapError,
    "uq_recognitions_letter_number": LetterNumberTakenError,
}

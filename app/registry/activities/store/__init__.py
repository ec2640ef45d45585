"""
Activities in the database, with their sites, events, opinions and evidence.

``tables`` says what can be kept, ``writing`` writes it, ``reading`` and ``evidence`` read it.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.activities.refusals import InstallationTakenError
from app.registry.activities.store.evidence import (
    get_visible_document,
    list_foreign_documents,
    list_purposes,
    list_visible_documents,
)
from app.registry.activities.store.reading import (
    Filter,
    find_installation_claim,
    find_last_number,
    find_latest_opinion,
    get_activity,
    get_visible_activity,
    list_counts,
    list_counts_by_province,
    list_events,
    list_names,
    list_opinions,
    list_provinces_of,
    list_readers,
    list_sites,
    list_visible_activities,
)
from app.registry.activities.store.tables import (
    activities,
    activity_events,
    activity_readers,
    sites,
    validation_opinions,
)
from app.registry.activities.store.writing import (
    insert_activity,
    insert_event,
    insert_opinion,
    insert_reader,
    insert_sites,
    update_activity,
    update_sites_claim,
    update_sites_removed,
)

__all__ = [
    "REFUSALS",
    "Filter",
    "activities",
    "activity_events",
    "activity_readers",
    "find_installation_claim",
    "find_last_number",
    "find_latest_opinion",
    "get_activity",
    "get_visible_activity",
    "get_visible_document",
    "insert_activity",
    "insert_event",
    "insert_opinion",
    "insert_reader",
    "insert_sites",
    "list_counts",
    "list_counts_by_province",
    "list_events",
    "list_foreign_documents",
    "list_names",
    "list_opinions",
    "list_provinces_of",
    "list_purposes",
    "list_readers",
    "list_sites",
    "list_visible_activities",
    "list_visible_documents",
    "sites",
    "update_activity",
    "update_sites_claim",
    "update_sites_removed",
    "validation_opinions",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_sites_installation_claimed": InstallationTakenError,
}

"""
Applications in the database: as they stand, what was said in them, and what happened.

``tables`` says what can be kept, ``applications`` and ``files`` read and write it.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.applications.refusals import RenewalOpenError, SameOfficerError
from app.registry.applications.store.applications import (
    find_begun_at,
    find_current,
    find_open_renewal,
    get_application,
    insert_application,
    insert_content,
    insert_event,
    list_applications,
    list_events,
    list_of_party,
    list_renewals,
    lock_application,
    update_application,
    update_superseded,
)
from app.registry.applications.store.files import (
    delete_files_except,
    delete_old_files,
    find_waiting,
    get_file,
    insert_file,
    list_file_ids,
    list_files,
)
from app.registry.applications.store.tables import application_files

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "ck_applications_two_officers": SameOfficerError,
    "uq_applications_open_renewal": RenewalOpenError,
}

__all__ = [
    "REFUSALS",
    "application_files",
    "delete_files_except",
    "delete_old_files",
    "find_begun_at",
    "find_current",
    "find_open_renewal",
    "find_waiting",
    "get_application",
    "get_file",
    "insert_application",
    "insert_content",
    "insert_event",
    "insert_file",
    "list_applications",
    "list_events",
    "list_file_ids",
    "list_files",
    "list_of_party",
    "list_renewals",
    "lock_application",
    "update_application",
    "update_superseded",
]

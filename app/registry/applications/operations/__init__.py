"""Acts on applications, and what is kept of their files beside the log."""

from app.registry.applications.operations.applicants import amend, answer, begin, submit, withdraw
from app.registry.applications.operations.commands import (
    Begin,
    BeginRenewal,
    OfApplicant,
    OfOfficer,
)
from app.registry.applications.operations.files import (
    check_file,
    drop_old_files,
    find_uploading,
    keep_file,
)
from app.registry.applications.operations.officers import admit, ask, recommend, refuse
from app.registry.applications.operations.renewals import begin_renewal
from app.registry.applications.operations.validity import require_valid_documents

__all__ = [
    "Begin",
    "BeginRenewal",
    "OfApplicant",
    "OfOfficer",
    "admit",
    "amend",
    "answer",
    "ask",
    "begin",
    "begin_renewal",
    "check_file",
    "drop_old_files",
    "find_uploading",
    "keep_file",
    "recommend",
    "refuse",
    "require_valid_documents",
    "submit",
    "withdraw",
]

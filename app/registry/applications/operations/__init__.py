"""Acts on applications, and what is kept of their files beside the log."""

from app.registry.applications.operations.acts import (
    admit,
    amend,
    answer,
    ask,
    begin,
    recommend,
    refuse,
    submit,
    withdraw,
)
from app.registry.applications.operations.commands import Begin, OfApplicant, OfOfficer
from app.registry.applications.operations.files import (
    check_file,
    drop_old_files,
    find_uploading,
    keep_file,
)

__all__ = [
    "Begin",
    "OfApplicant",
    "OfOfficer",
    "admit",
    "amend",
    "answer",
    "ask",
    "begin",
    "check_file",
    "drop_old_files",
    "find_uploading",
    "keep_file",
    "recommend",
    "refuse",
    "submit",
    "withdraw",
]

"""All pages."""

from typing import Final

from app.entry.pages import lost, sign_in, work
from app.entry.pages.desk import (
    evidence,
    files,
    issuing,
    opinions,
    orders,
    queues,
    validations,
    verifying,
)
from app.entry.pages.member import (
    account_terms,
    accounts,
    activity_parts,
    activity_sites,
    documents,
    keys,
    proposals,
    reports,
    retiring,
    transfers,
    work_notices,
)
from app.entry.pages.member import activities as own_activities
from app.entry.pages.public import activities, home
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    sign_in.ways,
    home.ways,
    activities.ways,
    work.ways,
    work_notices.ways,
    own_activities.ways,
    activity_parts.ways,
    activity_sites.ways,
    documents.ways,
    reports.ways,
    accounts.ways,
    account_terms.ways,
    transfers.ways,
    proposals.ways,
    retiring.ways,
    keys.ways,
    verifying.ways,
    validations.ways,
    opinions.ways,
    evidence.ways,
    queues.ways,
    files.ways,
    issuing.ways,
    orders.ways,
    lost.ways,
)  # the last takes what nobody takes

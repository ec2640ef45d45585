"""All pages."""

from typing import Final

from app.entry.pages import (
    lost,
    sign_in,
    work,
)
from app.entry.pages.account import (
    apply,
    approvals,
    following,
    identities,
    notices,
    own,
    passkeys,
    people,
    personal_data,
    removing,
    renewing,
    second_factor,
    security,
)
from app.entry.pages.checking import (
    about,
    data,
    endings,
    log,
    serials,
    tables,
)
from app.entry.pages.desk import (
    accreditations,
    applications,
    audit,
    buffer,
    cases,
    evidence,
    files,
    freezes,
    holidays,
    issuing,
    ledger,
    opinions,
    orders,
    party_acts,
    queues,
    reconciliation,
    reversals,
    rules,
    statements,
    users,
    validations,
    verifying,
)
from app.entry.pages.desk import (
    documents as order_documents,
)
from app.entry.pages.desk import (
    parties as desk_parties,
)
from app.entry.pages.member import (
    account_terms,
    accounts,
    activity_parts,
    activity_sites,
    documents,
    keys,
    proposals,
    report_verifier,
    reports,
    retiring,
    transfers,
)
from app.entry.pages.member import (
    activities as own_activities,
)
from app.entry.pages.public import (
    activities,
    activity,
    batches,
    home,
    parties,
    programmes,
    provinces,
)
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    *(
        sign_in.ways,
        work.ways,
    ),
    *(
        activities.ways,
        activity.ways,
        batches.ways,
        home.ways,
        parties.ways,
        programmes.ways,
        provinces.ways,
    ),
    *(
        about.ways,
        data.ways,
        endings.ways,
        log.ways,
        serials.ways,
        tables.ways,
    ),
    *(
        account_terms.ways,
        accounts.ways,
        own_activities.ways,
        activity_parts.ways,
        activity_sites.ways,
        documents.ways,
        keys.ways,
        proposals.ways,
        report_verifier.ways,
        reports.ways,
        retiring.ways,
        transfers.ways,
    ),
    *(
        accreditations.ways,
        applications.ways,
        desk_parties.ways,
        buffer.ways,
        cases.ways,
        audit.ways,
        evidence.ways,
        files.ways,
        freezes.ways,
        holidays.ways,
        issuing.ways,
        ledger.ways,
        opinions.ways,
        order_documents.ways,
        orders.ways,
        party_acts.ways,
        queues.ways,
        users.ways,
        reversals.ways,
        rules.ways,
        reconciliation.ways,
        statements.ways,
        validations.ways,
        verifying.ways,
    ),
    *(
        apply.ways,
        approvals.ways,
        following.ways,
        identities.ways,
        notices.ways,
        own.ways,
        passkeys.ways,
        people.ways,
        personal_data.ways,
        removing.ways,
        renewing.ways,
        second_factor.ways,
        security.ways,
    ),
    lost.ways,  # takes what nobody takes
)

"""Puts the API together from the routers of its subjects."""

from typing import Final

from fastapi import APIRouter

from app.entry.api import (
    accounts,
    activities,
    activity_records,
    application_desk,
    application_files,
    applications,
    audit,
    batches,
    calendar,
    cancellations,
    cases,
    certificates,
    closures,
    documents,
    health,
    identities,
    issuances,
    ledger,
    log,
    methodologies,
    monitoring_reports,
    notices,
    orders,
    own_terms,
    parties,
    passkeys,
    personal_data,
    policy,
    programmes,
    provinces,
    public_log,
    reconciliation,
    refusals,
    renewals,
    retirements,
    rules,
    second_factor,
    serials,
    sessions,
    statements,
    statistics,
    tokens,
    transfer_acceptance,
    transfer_proposals,
    transfers,
    trusted_accounts,
    users,
    verifications,
)

_V1: Final = (
    tokens,
    sessions,
    second_factor,
    passkeys,
    identities,
    parties,
    closures,
    users,
    applications,
    application_desk,
    application_files,
    renewals,
    personal_data,
    notices,
    audit,
    policy,
    provinces,
    calendar,
    programmes,
    rules,
    methodologies,
    activities,
    activity_records,
    documents,
    monitoring_reports,
    verifications,
    issuances,
    batches,
    accounts,
    statements,
    trusted_accounts,
    own_terms,
    transfers,
    transfer_proposals,
    transfer_acceptance,
    retirements,
    certificates,
    cancellations,
    cases,
    orders,
    serials,
    ledger,
    reconciliation,
    statistics,
    log,
    refusals,
)


def _make_v1() -> APIRouter:
    v1 = APIRouter(prefix="/v1")
    for module in _V1:
        v1.include_router(module.router)
    v1.include_router(second_factor.confirming)
    v1.include_router(orders.freezes)
    v1.include_router(orders.reversals)
    v1.include_router(passkeys.confirming)
    v1.include_router(audit.of_users)
    v1.include_router(public_log.receipts)
    return v1


# Everything that is served, in the order of the description.
ROUTERS: Final = (_make_v1(), public_log.router, refusals.pages, health.router)

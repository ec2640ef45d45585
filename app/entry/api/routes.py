"""Puts the API together from the routers of its subjects."""

from typing import Final

from fastapi import APIRouter

from app.entry.api import (
    accounts,
    activities,
    batches,
    cancellations,
    documents,
    health,
    issuances,
    ledger,
    log,
    methodologies,
    monitoring_reports,
    parties,
    personal_data,
    policy,
    programmes,
    provinces,
    public_log,
    refusals,
    retirements,
    serials,
    statements,
    tokens,
    transfers,
    users,
    verifications,
)

_V1: Final = (
    tokens,
    parties,
    users,
    personal_data,
    policy,
    provinces,
    programmes,
    methodologies,
    activities,
    documents,
    monitoring_reports,
    verifications,
    issuances,
    batches,
    accounts,
    statements,
    transfers,
    retirements,
    cancellations,
    serials,
    ledger,
    log,
    refusals,
)


def _make_v1() -> APIRouter:
    v1 = APIRouter(prefix="/v1")
    for module in _V1:
        v1.include_router(module.router)
    v1.include_router(public_log.receipts)
    return v1


# Everything that is served, in the order of the description.
ROUTERS: Final = (_make_v1(), public_log.router, refusals.pages, health.router)

"""Reconciliation: what was issued is somewhere, whichever way it is counted."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.api.context import Reader, StrictRoute
from app.entry.api.statistics import (
    ProgrammeSumsShown,
    ProvinceSumsShown,
    SumsShown,
    grouped,
    states_of,
)
from app.entry.api.wire import Shown, show
from app.entry.identity import Caller
from app.entry.problems import refused
from app.registry.ledger import store as ledger
from app.registry.ledger.store import ALL_HOLDINGS, GroupedBy
from app.registry.log import store as log
from app.registry.log.store import publication
from app.registry.parties.policy import NotAllowedError, Permission, require

router: Final = APIRouter(prefix="/ledger", tags=["ledger"], route_class=StrictRoute)

_PLACES: Final = tuple(name for name in SumsShown.model_fields if name != "issued")


class ChecksShown(Shown):
    """What was compared; all are true while the ledger is in order."""

    adds_up: bool = Field(
        description="Of all together, of every programme and of every province, `issued` is the "
        "sum of all others.",
        examples=[True],
    )
    groups_agree: bool = Field(
        description="The programmes add up to the totals, and so do the provinces.",
        examples=[True],
    )
    accounts_agree: bool = Field(
        description="The totals are those that the last entries of the registry's own accounts "
        "say, which are counted apart from them.",
        examples=[True],
    )
    checkpoint_agrees: bool = Field(
        description="The published log is not ahead of the ledger, and where it is as long, its "
        "sums are the ledger's.",
        examples=[True],
    )


class ReconciliationShown(Shown):
    """The ledger's sums, counted in three ways, and whether they agree."""

    agrees: bool = Field(
        description="Whether everything that was compared agrees.", examples=[True]
    )
    checks: ChecksShown = Field(description="What was compared.")
    log_size: int = Field(
        description="How many acts the log had: the ledger's sums are as of these.", examples=[146]
    )
    recorded_at: datetime = Field(
        description="When the last of these acts was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    totals: SumsShown = Field(description="As the sums say that are kept with each entry.")
    accounts: SumsShown = Field(
        description="As the last entry of each of the registry's own accounts says; `held` is what "
        "these leave of what was issued."
    )
    published_size: int = Field(
        description="How many acts the published checkpoint has signed; 0: nothing is published.",
        examples=[145],
    )
    published_at: datetime | None = Field(
        description="When that was published; null where nothing has been yet.",
        examples=["2026-11-24T03:00:01Z"],
    )
    published: SumsShown = Field(
        description="As the entries say of the acts that the published checkpoint has signed."
    )
    by_programme: list[ProgrammeSumsShown] = Field(description="The ledger's, by programme.")
    by_province: list[ProvinceSumsShown] = Field(
        description="The ledger's, by province; those without credits are left out."
    )


@router.get(
    "/reconciliation",
    response_model=ReconciliationShown,
    operation_id="reconcile_ledger",
    summary="Reconcile the ledger",
    responses=refused(NotAllowedError),
)
async def reconcile_ledger(
    reader: Reader,
    actor: Caller,
) -> Response:
    """
    Compare what was issued with where credits are, in one snapshot: by the sums kept with each
    entry, by the registry's own accounts, and as of the published checkpoint. For TGO.

    It reads some hundred rows however large the ledger is. `registry check` folds the whole ledger,
    and `registry verify` the whole log; neither is done here.
    """
    require(actor, Permission.QUERY_LEDGER)
    head = await log.get_head(reader)
    published = await publication.get_published(reader)
    sums = await ledger.list_sums(reader)
    by = {group: grouped(each for each in sums if each.by is group) for group in GroupedBy}
    totals = SumsShown(**states_of(by[GroupedBy.NOTHING].get(None, {})))
    programmes = [
        ProgrammeSumsShown(programme=key, **states_of(rows))
        for key, rows in by[GroupedBy.PROGRAMME].items()
    ]
    provinces = [
        ProvinceSumsShown(province=key, **states_of(rows))
        for key, rows in by[GroupedBy.PROVINCE].items()
    ]
    accounts = _of_accounts(await ledger.list_own_totals(reader, size=head.size))
    signed = _of_accounts(await ledger.list_own_totals(reader, size=published.size))
    checks = ChecksShown(
        adds_up=all(_adds_up(each) for each in (totals, *programmes, *provinces)),
        groups_agree=_sum(programmes) == _sum(provinces) == _sum([totals]),
        accounts_agree=accounts == totals,
        checkpoint_agrees=published.size < head.size
        or (published.size == head.size and signed == totals),
    )
    return show(
        ReconciliationShown(
            agrees=all(checks.model_dump().values()),
            checks=checks,
            log_size=head.size,
            recorded_at=head.recorded_at,
            totals=totals,
            accounts=accounts,
            published_size=published.size,
            published_at=published.published_at,
            published=signed,
            by_programme=programmes,
            by_province=provinces,
        )
    )


def _of_accounts(totals: dict[int, int]) -> SumsShown:
    # Whatever left the source and is in none of the registry's other accounts is in holding ones.
    held = -sum(totals.values())
    return SumsShown(**states_of({**totals, ALL_HOLDINGS: held}))


def _adds_up(sums: SumsShown) -> bool:
    return bool(sums.issued == sum(getattr(sums, name) for name in _PLACES))


def _sum(rows: list[SumsShown] | list[ProgrammeSumsShown] | list[ProvinceSumsShown]) -> list[int]:
    return [sum(getattr(row, name) for row in rows) for name in SumsShown.model_fields]

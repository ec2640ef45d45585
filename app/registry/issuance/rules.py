"""How many whole credits a verified report becomes, and what remains of a tonne."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.kernel.quantities import format_tonnes, whole_credits_down
from app.registry.activities.rules import Grounds
from app.registry.issuance.refusals import NothingToIssueError
from app.registry.ledger.rules import Batch
from app.registry.verification.rules import VerifiedVintage


@dataclass(frozen=True, slots=True)
class Remainder:
    """The part of a tonne that an earlier issuance of the same activity and vintage left."""

    issuance_id: str
    remainder_tco2e: Decimal  # > 0 and < 1


@dataclass(frozen=True, slots=True)
class Planned:
    """What one vintage is to become."""

    vintage: int
    verified_tco2e: Decimal
    carried_from_issuance_id: str | None  # None: nothing is carried in
    carried_in_tco2e: Decimal
    credits: int  # gross: with the buffer's share
    buffer_credits: int
    remainder_tco2e: Decimal  # >= 0 and < 1; verified + carried in = credits + remainder

    @property
    def net_credits(self) -> int:
        """Return what the owner receives."""
        return self.credits - self.buffer_credits


@dataclass(frozen=True, slots=True)
class IssuanceLine:
    """What one vintage became."""

    planned: Planned
    batch: Batch | None  # None: less than one credit, so nothing was minted


@dataclass(frozen=True, slots=True)
class Issuance:
    """TGO's decision on a verified report."""

    id: str
    report_id: str
    activity_id: str
    verification_id: str
    approved: bool
    grounds: Grounds
    reason: str | None  # None: approved without a remark, or it was erased
    decided_by: str
    recorded_at: datetime
    log_index: int
    lines: tuple[IssuanceLine, ...]  # by rising vintage; empty: it was refused
    salt: bytes | None = None  # of what the act sealed; None: nothing, erased, or not read

    @property
    def batches(self) -> tuple[Batch, ...]:
        """Return what was minted, by rising vintage."""
        return tuple(line.batch for line in self.lines if line.batch is not None)


def plan(
    verified: Sequence[VerifiedVintage], carried: Mapping[int, Remainder]
) -> tuple[Planned, ...]:
    """
    Turn verified tonnes into whole credits, rounding down once per vintage.

    Args:
        verified: what was verified, one line per vintage.
        carried: by vintage, what an earlier issuance left; empty where nothing is carried.

    Raises:
        NothingToIssueError: no vintage reaches one credit.

    Source: T-VER design documents floor yearly reductions to whole tonnes; a credit is 1 tCO2e.
    """
    planned = tuple(_plan_vintage(line, carried.get(line.vintage)) for line in verified)
    if not any(line.credits for line in planned):
        raise NothingToIssueError
    return planned


def _plan_vintage(line: VerifiedVintage, carried: Remainder | None) -> Planned:
    carried_in_tco2e = Decimal(0) if carried is None else carried.remainder_tco2e
    whole, remainder_tco2e = whole_credits_down(line.verified_tco2e + carried_in_tco2e)
    return Planned(
        vintage=line.vintage,
        verified_tco2e=line.verified_tco2e,
        carried_from_issuance_id=None if carried is None else carried.issuance_id,
        carried_in_tco2e=carried_in_tco2e,
        credits=whole,
        buffer_credits=line.buffer_credits,
        remainder_tco2e=remainder_tco2e,
    )


def facts_of(planned: Sequence[Planned]) -> list[dict[str, int | str | None]]:
    """Return the plan as the log keeps it: all that is needed to redo the arithmetic."""
    return [
        {
            "vintage": line.vintage,
            "verified_tco2e": format_tonnes(line.verified_tco2e),
            "carried_from": line.carried_from_issuance_id,
            "carried_in_tco2e": format_tonnes(line.carried_in_tco2e),
            "credits": line.credits,
            "buffer_credits": line.buffer_credits,
            "remainder_tco2e": format_tonnes(line.remainder_tco2e),
        }
        for line in planned
    ]

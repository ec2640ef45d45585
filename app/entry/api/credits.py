"""Shared shapes of everything that moves credits: which ones are chosen, and what was moved."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import Path, Query
from pydantic import Field, StringConstraints

from app.entry.acts import Reply
from app.entry.api.wire import Body, Credits, LogIndex, Serial, Shown, Vintage, receipt_address
from app.registry.ledger import frozen
from app.registry.ledger import refusals as ledger_refusals
from app.registry.ledger.operations import Movement
from app.registry.ledger.rules import RANGES_PER_ACT_MAX, Batch, Choice
from app.registry.ledger.serials import (
    PREFIX_PATTERN,
    AccountNumberError,
    SerialRange,
    account_number,
)
from app.registry.ledger.store import EndingRow, EntryRow
from app.registry.log.pen import ActTooLargeError
from app.registry.parties.policy import NotAllowedError

AccountNumber = Annotated[str, StringConstraints(pattern=r"^TH-[0-9]{6,12}-[0-9]{2}$")]
BatchPrefix = Annotated[str, StringConstraints(pattern=PREFIX_PATTERN)]

AccountPath = Annotated[
    AccountNumber, Path(description="Number of the account.", examples=["TH-001001-05"])
]
MovementPath = Annotated[
    LogIndex, Path(description="Log index of the act, which is its identifier.", examples=[42])
]
DryRun = Annotated[
    bool,
    Query(
        description="Decide and show what would happen, but change nothing; the answer has no log "
        "index.",
        examples=[False],
    ),
]

# What any choice of credits can be refused with.
MOVING_REFUSALS = (
    NotAllowedError,
    ledger_refusals.AccountNotFoundError,
    AccountNumberError,
    ledger_refusals.AccountClosedError,
    frozen.AccountFrozenError,
    ledger_refusals.RegistryAccountError,
    ledger_refusals.ChoiceUnclearError,
    ledger_refusals.RangeReversedError,
    ledger_refusals.RangesOverlapError,
    ledger_refusals.BatchNotFoundError,
    ledger_refusals.InsufficientCreditsError,
    ledger_refusals.SerialsNotHeldError,
    ledger_refusals.TooFragmentedError,
    frozen.CreditsFrozenError,
    ActTooLargeError,
)


class SerialsBody(Body):
    """A range of serials of one batch, both ends included."""

    batch: BatchPrefix = Field(
        description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"]
    )
    first: Serial = Field(description="First serial.", examples=[1])
    last: Serial = Field(description="Last serial, not below the first.", examples=[30])


class ChoiceBody(Body):
    """
    Which credits: a number of the oldest ones (of a batch or vintage, if named), or named serials.
    """

    credits: Credits | None = Field(
        None,
        description="How many credits (1 credit = 1 tCO2e), oldest vintage first, then lowest "
        "serial. Leave out when naming serials.",
        examples=[30],
    )
    batch: BatchPrefix | None = Field(
        None, description="Take them out of this batch only.", examples=["TH-CITY-0001-2024-1"]
    )
    vintage: Vintage | None = Field(
        None, description="Take them of this vintage only (calendar year, CE).", examples=[2024]
    )
    serials: list[SerialsBody] = Field(
        default_factory=list,
        max_length=RANGES_PER_ACT_MAX,
        description="Exactly these serials.",
        examples=[[{"batch": "TH-CITY-0001-2024-1", "first": 1, "last": 30}]],
    )

    def choice(self) -> Choice:
        """Return what is chosen."""
        return Choice(
            credits=self.credits,
            batch_prefix=self.batch,
            vintage=self.vintage,
            ranges=tuple(
                SerialRange(named.batch, named.first, named.last) for named in self.serials
            ),
        )


class MovedShown(Shown):
    """A run of serials that moved."""

    serials: str = Field(
        description="The run as text, both ends included.", examples=["TH-CITY-0001-2024-1-1-30"]
    )
    batch: str = Field(description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"])
    vintage: int = Field(description="Calendar year of the reduction (CE).", examples=[2024])
    first: int = Field(description="First serial.", examples=[1])
    last: int = Field(description="Last serial.", examples=[30])
    credits: int = Field(description="Credits in the run (tCO2e).", examples=[30])


class MovementShown(Shown):
    """A movement of credits from one account to another."""

    id: int | None = Field(
        description="Log index of the act, its identifier; null for a dry run.", examples=[42]
    )
    kind: str = Field(description="Why credits moved.", examples=["transferred"])
    from_account: str = Field(description="Account they left.", examples=["TH-001001-05"])
    to_account: str = Field(description="Account they went to.", examples=["TH-001002-02"])
    credits: int = Field(description="Credits moved (tCO2e).", examples=[30])
    moved: list[MovedShown] = Field(description="Which serials, in the order they were taken.")
    recorded_at: datetime = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    dry_run: bool = Field(
        description="Whether this only shows what would happen.", examples=[False]
    )
    receipt: str | None = Field(
        description="Where its receipt is, within a second or two: the proof that the act is in "
        "the public log, for anybody; null for a dry run.",
        examples=["/v1/log/receipts/42"],
    )


class EndedShown(MovementShown):
    """
    Credits taken out of circulation for good, without the names.

    It is what the act itself answers: answers are kept for retries, and names must stay erasable.
    """

    purpose: str = Field(description="Purpose code.", examples=["organisation"])
    visibility: str = Field(
        description="`public`: the beneficiary is shown to everybody; `anonymous`: to the owner "
        "and TGO only.",
        examples=["public"],
    )
    happened_on: date = Field(description="Day it counts for.", examples=["2026-11-24"])
    commitment: str = Field(
        description="SHA-256 (hexadecimal) of salt and statement: what the log holds of the names.",
        examples=["9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"],
    )


class EndingShown(EndedShown):
    """Credits taken out of circulation for good, with the names for those who may see them."""

    beneficiary: str | None = Field(
        description="In whose name; null where you may not see it, or it was erased.",
        examples=["Khon Kaen City Municipality", None],
    )
    beneficiary_kind: str | None = Field(
        description="`organisation` or `person`; null as above.", examples=["organisation"]
    )
    beneficiary_identifier: str | None = Field(
        description="Identifier of the beneficiary, where one was given and you may see it.",
        examples=["0994000123456", None],
    )
    reason: str | None = Field(
        description="Reason, where one was given and you may see it.",
        examples=["Carbon footprint of 2025", None],
    )
    salt: str | None = Field(
        description="The salt (hexadecimal), with which anybody who may see the statement can "
        "check it against the commitment; null where you may not see it.",
        examples=["00" * 32, None],
    )


def tried_out(shown: type[MovementShown]) -> dict[int | str, dict[str, Any]]:
    """Declare what a dry run answers, for a route that otherwise brings something into being."""
    return {200: {"model": shown, "description": "A dry run: what would happen."}}


def moved_reply(movement: Movement, *, address: str, dry_run: bool) -> Reply:
    """
    Make the reply of an act that moved credits, or would have: a `MovementShown`, or an
    `EndedShown` where they have left circulation.
    """
    body = _encode(shown_at_once(movement, dry_run=dry_run))
    if dry_run:
        return Reply(200, body)
    return Reply(201, body, f"{address}/{movement.log_index}")


def shown_at_once(movement: Movement, *, dry_run: bool) -> dict[str, Any]:
    """
    Return what the act itself answers, in the form and the order of the models above.

    Plain values, because making and writing them costs a fifth of what it costs through the models,
    which check once more what the ledger has decided.
    """
    shown: dict[str, Any] = {
        "id": None if dry_run else movement.log_index,
        "kind": movement.kind.word,
        "from_account": movement.from_account.number,
        "to_account": movement.to_account.number,
        "credits": movement.credits,
        "moved": [_run(moved.batch, moved.first, moved.last) for moved in movement.moved],
        "recorded_at": movement.recorded_at,
        "dry_run": dry_run,
        "receipt": None if dry_run else receipt_address(movement.log_index),
    }
    if movement.ended is not None:
        ending = movement.ended.ending
        shown["purpose"] = ending.purpose_code
        shown["visibility"] = ending.visibility.value
        shown["happened_on"] = ending.happened_on
        shown["commitment"] = movement.ended.commitment
    return shown


def movement_shown(entries: Sequence[EntryRow]) -> dict[str, Any]:
    """Return a movement from its entries, in the form and the order of `MovementShown`."""
    first = entries[0]
    return {
        "id": first.log_index,
        "kind": first.kind.word,
        "from_account": account_number(first.from_account),
        "to_account": account_number(first.to_account),
        "credits": sum([entry.last - entry.first + 1 for entry in entries]),
        "moved": [_run(entry.batch, entry.first, entry.last) for entry in entries],
        "recorded_at": first.recorded_at,
        "dry_run": False,
        "receipt": receipt_address(first.log_index),
    }


def ending_shown(row: EndingRow, entries: Sequence[EntryRow], *, sees_all: bool) -> dict[str, Any]:
    """Return a retirement or cancellation as `EndingShown`, its names only for who may see them."""
    said = row.statement if sees_all or row.visibility == "public" else None
    return {
        **movement_shown(entries),
        "purpose": row.purpose_code,
        "visibility": row.visibility.value,
        "happened_on": row.happened_on,
        "commitment": row.commitment,
        "beneficiary": said.beneficiary_name if said else None,
        "beneficiary_kind": said.beneficiary_kind.value if said else None,
        "beneficiary_identifier": said.beneficiary_identifier if said else None,
        "reason": said.reason if said else None,
        "salt": row.salt.hex() if said and row.salt else None,
    }


def _run(batch: Batch, first: int, last: int) -> dict[str, str | int]:
    prefix = batch.serial_prefix
    return {
        "serials": f"{prefix}-{first}-{last}",
        "batch": prefix,
        "vintage": batch.vintage,
        "first": first,
        "last": last,
        "credits": last - first + 1,
    }


_encode: Final = msgspec.json.Encoder().encode

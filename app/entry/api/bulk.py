"""Up to a thousand acts that move credits in one request, under one Idempotency-Key."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
from fastapi import Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import Writer
from app.entry.api.wire import Body, Shown
from app.entry.problems import language_of
from app.kernel.errors import RegistryError
from app.registry.ledger import operations
from app.registry.ledger.operations import Movement, Moving
from app.registry.ledger.rules import Touches
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor

ACTS_MAX: Final = 1_000  # One commit of some tens of milliseconds, and a reply of some 100 kB.


class Mode(StrEnum):
    """What one refused act means for the others."""

    ATOMIC = "atomic"
    INDEPENDENT = "independent"


class BulkBody(Body):
    """Acts to be done in their order."""

    mode: Mode = Field(
        description="`atomic`: all are done or none; one that is refused refuses them all. "
        "`independent`: each is done or refused on its own.",
        examples=["atomic"],
    )


class RefusedShown(Shown):
    """Why an act was refused."""

    code: str = Field(description="Stable code of the refusal.", examples=["insufficient_credits"])
    number: int = Field(description="Stable number of the refusal.", examples=[3110])
    title: str = Field(
        description="What is refused, in the caller's language.",
        examples=["The account does not hold that many credits."],
    )
    detail: str = Field(
        description="What to do about it.", examples=["It holds 12. Ask for at most as many."]
    )


class OutcomeShown(Shown):
    """What became of one act, in the place that it had in the request."""

    id: int | None = Field(
        description="Log index of the act, its identifier; null where it was refused, and in a dry "
        "run. Its receipt is at `/v1/log/receipts/{id}`.",
        examples=[42, None],
    )
    credits: int | None = Field(
        description="Credits moved (tCO2e); null where it was refused.", examples=[30, None]
    )
    serials: list[str] = Field(
        description="Which serials moved, in the order they were taken; both ends included.",
        examples=[["TH-CITY-0001-2024-1-1-30"]],
    )
    commitment: str | None = Field(
        description="What the log holds of a retirement's statement; null for a transfer and where "
        "it was refused.",
        examples=[None],
    )
    refused: RefusedShown | None = Field(
        description="Why it was refused; null where it was done.", examples=[None]
    )


class BulkShown(Shown):
    """What became of the acts of one request."""

    mode: Mode = Field(description="As it was asked for.", examples=["independent"])
    done: int = Field(description="How many acts were done.", examples=[1])
    refused: int = Field(description="How many were refused.", examples=[0])
    dry_run: bool = Field(
        description="Whether this only shows what would happen.", examples=[False]
    )
    outcomes: list[OutcomeShown] = Field(description="One per act, in the order of the request.")


class _Command(Protocol):
    def touches(self) -> Touches:
        """Say what the act will need to know."""


Command = TypeVar("Command", bound=_Command)


@dataclass(frozen=True, slots=True)
class Bulk(Generic[Command]):
    """Acts of one kind that are asked for together."""

    mode: Mode
    operation: Callable[[Pen, Actor, Command], Awaitable[Movement]]
    address: str  # where it is asked for; kept with the answer, so that an erasure finds it

    async def submit(
        self, write: Writer, asked: Sequence[Callable[[], Command]], *, dry_run: bool
    ) -> Response:
        """
        Submit them as one act.

        Args:
            write: the way to the committer.
            asked: for each act what makes its command; a refusal there counts like a later one.
            dry_run: only show what would happen.

        Raises:
            BulkRefusedError: one was refused, and they are atomic.
        """
        acts: list[Moving] = []
        touches: list[Touches] = []
        for make in asked:
            try:
                command = make()
            except RegistryError as refusal:
                acts.append(_refusing(refusal))
            else:
                acts.append(partial(self._do, write.actor, command))
                touches.append(command.touches())
        atomic, language = self.mode is Mode.ATOMIC, language_of(write.request)
        return await write(
            lambda pen: operations.move_in_bulk(pen, acts, atomic=atomic),
            lambda outcomes: Reply(
                200,
                _encode(_shown(self.mode, outcomes, language=language, dry_run=dry_run)),
                self.address,
            ),
            touches=tuple(touches),
            dry_run=dry_run,
        )

    async def _do(self, actor: Actor, command: Command, pen: Pen) -> Movement:
        return await self.operation(pen, actor, command)


def _refusing(refusal: RegistryError) -> Moving:
    async def refuse(_: object) -> Movement:
        raise refusal

    return refuse


def _shown(
    mode: Mode, outcomes: Sequence[Movement | RegistryError], *, language: str, dry_run: bool
) -> dict[str, Any]:
    # Plain values in the form of `BulkShown`: a thousand models would cost more than the acts.
    refused = sum(isinstance(outcome, RegistryError) for outcome in outcomes)
    return {
        "mode": mode.value,
        "done": len(outcomes) - refused,
        "refused": refused,
        "dry_run": dry_run,
        "outcomes": [
            _refused(outcome, language)
            if isinstance(outcome, RegistryError)
            else _done(outcome, dry_run=dry_run)
            for outcome in outcomes
        ],
    }


def _done(movement: Movement, *, dry_run: bool) -> dict[str, Any]:
    return {
        "id": None if dry_run else movement.log_index,
        "credits": movement.credits,
        "serials": [f"{m.batch.serial_prefix}-{m.first}-{m.last}" for m in movement.moved],
        "commitment": None if movement.ended is None else movement.ended.commitment,
        "refused": None,
    }


def _refused(refusal: RegistryError, language: str) -> dict[str, Any]:
    title, detail = refusal.say(language)
    shown = {"code": refusal.code, "number": refusal.number, "title": title, "detail": detail}
    return {"id": None, "credits": None, "serials": [], "commitment": None, "refused": shown}


_encode: Final = msgspec.json.Encoder().encode

"""Proposed transfers in the database."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Row,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.paging import IDS_END, between, rows
from app.kernel.quantities import CREDITS_MAX
from app.registry.transfers.refusals import (
    OwnProposalError,
    ProposalNotFoundError,
    TransferDueError,
)
from app.registry.transfers.rules import APPROVED, Hindrance, Proposal, State

_STATES: Final = ", ".join(f"'{state.value}'" for state in State)
_APPROVED: Final = ", ".join(f"'{state.value}'" for state in APPROVED)
_REASONS: Final = ", ".join(f"'{reason.value}'" for reason in Hindrance)
# Its receiver has not said yes, and was to.
_AWAITED: Final = "(accept_until IS NOT NULL AND accepted_at IS NULL)"
_UNANSWERED: Final = "(reason IS NOT NULL AND reason IN ('declined', 'not_accepted'))"

transfer_proposals: Final = Table(
    "transfer_proposals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("from_account", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("to_account", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("proposed_index", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text, ForeignKey("users.id"), index=True),
    Column("approved_at", DateTime(timezone=True)),
    Column("sent_index", BigInteger, unique=True),
    Column("executes_at", DateTime(timezone=True)),
    Column("is_trusted", Boolean),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_index", BigInteger),
    Column("ended_by", Text),
    Column("reason", Text),
    Column("accept_until", DateTime(timezone=True)),
    Column("accepted_by", Text, ForeignKey("users.id"), index=True),
    Column("accepted_at", DateTime(timezone=True)),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
    CheckConstraint("from_account <> to_account", name="two_accounts"),
    CheckConstraint(f"credits BETWEEN 1 AND {CREDITS_MAX}", name="credits"),
    CheckConstraint(
        "digest = encode(sha256(convert_to(content, 'UTF8')), 'hex')", name="digest_of_content"
    ),
    CheckConstraint("expires_at > proposed_at", name="expires_later"),
    CheckConstraint("approved_by <> proposed_by", name="two_people"),
    # Which state has which facts, and in which order they came.
    CheckConstraint(
        "num_nonnulls(approved_by, approved_at, sent_index, executes_at, is_trusted)"
        f" = CASE WHEN state IN ({_APPROVED}) THEN 5 ELSE 0 END",
        name="approved",
    ),
    CheckConstraint(
        "num_nonnulls(ended_at, ended_index, ended_by)"
        " = CASE WHEN state IN ('proposed', 'scheduled') THEN 0 ELSE 3 END",
        name="ended",
    ),
    CheckConstraint("(state = 'returned') = (reason IS NOT NULL)", name="returned_for"),
    CheckConstraint(f"reason IN ({_REASONS})", name="reason"),
    CheckConstraint(
        "approved_at >= proposed_at AND approved_at < expires_at", name="approved_in_time"
    ),
    CheckConstraint("executes_at >= approved_at", name="executes_later"),
    CheckConstraint(
        f"state <> 'aborted' OR ended_at < executes_at OR {_AWAITED}", name="aborted_in_time"
    ),
    CheckConstraint(
        f"state NOT IN ('delivered', 'returned') OR ended_at >= executes_at OR {_UNANSWERED}",
        name="not_early",
    ),
    # The receiver's word: asked for by the approval, given once and in time, or not given.
    CheckConstraint(
        "accept_until IS NULL OR (approved_at IS NOT NULL AND accept_until > approved_at)",
        name="acceptance_asked",
    ),
    CheckConstraint(
        "num_nonnulls(accepted_by, accepted_at) = 0"
        " OR (num_nonnulls(accepted_by, accepted_at, accept_until) = 3"
        " AND accepted_at >= approved_at AND accepted_at < accept_until)",
        name="accepted_in_time",
    ),
    CheckConstraint(f"state <> 'delivered' OR NOT {_AWAITED}", name="delivered_accepted"),
    CheckConstraint(
        f"NOT {_UNANSWERED} OR ({_AWAITED} AND (reason = 'declined') = (ended_at < accept_until))",
        name="unanswered",
    ),
    CheckConstraint("state <> 'lapsed' OR ended_at >= expires_at", name="lapsed_late"),
    Index("ix_transfer_proposals_from", "from_account", "id"),
    # The state first: of two indexes that begin with the account, the planner takes the wrong one.
    Index("ix_transfer_proposals_state_from", "state", "from_account", "id"),
    Index(
        "ix_transfer_proposals_to",
        "to_account",
        "id",
        postgresql_where=text("approved_at IS NOT NULL"),
    ),
    Index("ix_transfer_proposals_state_to", "state", "to_account", "id"),
    Index(
        "ix_transfer_proposals_day",
        "from_account",
        "approved_at",
        postgresql_where=text("is_trusted IS FALSE"),
    ),
    Index(
        "ix_transfer_proposals_sent",
        "from_account",
        "approved_at",
        postgresql_where=text("approved_at IS NOT NULL"),
    ),
    Index(
        "ix_transfer_proposals_due",
        "executes_at",
        postgresql_where=text(f"state = 'scheduled' AND NOT {_AWAITED}"),
    ),
    Index(
        "ix_transfer_proposals_awaited",
        "accept_until",
        postgresql_where=text(f"state = 'scheduled' AND {_AWAITED}"),
    ),
    Index(
        "ix_transfer_proposals_expiring",
        "expires_at",
        postgresql_where=text("state = 'proposed'"),
    ),
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "ck_transfer_proposals_two_people": OwnProposalError,
    "ck_transfer_proposals_aborted_in_time": TransferDueError,
}

# The moment is found once, so that it can be looked for along an index.
_LIST_DUE: Final = text(f"""
    WITH clock AS MATERIALIZED (
        SELECT least(CAST(:moment AS timestamptz), clock_timestamp()) AS moment)
    SELECT id, (SELECT moment FROM clock) AS moment FROM (
        (SELECT id, executes_at AS at FROM transfer_proposals
          WHERE state = 'scheduled' AND NOT {_AWAITED}
            AND executes_at <= (SELECT moment FROM clock)
          ORDER BY executes_at LIMIT :limit)
        UNION ALL
        (SELECT id, accept_until FROM transfer_proposals
          WHERE state = 'scheduled' AND {_AWAITED}
            AND accept_until <= (SELECT moment FROM clock)
          ORDER BY accept_until LIMIT :limit)
        UNION ALL
        (SELECT id, expires_at FROM transfer_proposals
          WHERE state = 'proposed' AND expires_at <= (SELECT moment FROM clock)
          ORDER BY expires_at LIMIT :limit)) AS due
     ORDER BY at LIMIT :limit
""")  # noqa: S608  constants

_SENT_TO_OTHERS: Final = text("""
    SELECT coalesce(sum(p.credits), 0)
      FROM transfer_proposals p
      JOIN accounts s ON s.id = p.from_account
      JOIN accounts r ON r.id = p.to_account
     WHERE p.from_account = :account AND p.approved_at >= :since
       AND p.state IN ('scheduled', 'delivered')
       AND s.owner_party_id IS DISTINCT FROM r.owner_party_id
""")

_CHANGING: Final = (
    *("state", "approved_by", "approved_at", "sent_index", "executes_at", "is_trusted"),
    *("ended_at", "ended_index", "ended_by", "reason"),
    *("accept_until", "accepted_by", "accepted_at"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A proposal that is to be settled, and the moment of which this is true."""

    proposal_id: str
    moment: datetime


async def get_proposal(connection: AsyncConnection, proposal_id: str) -> Proposal:
    """
    Return a proposed transfer.

    Raises:
        ProposalNotFoundError: there is none.
    """
    query = select(transfer_proposals).where(transfer_proposals.c.id == proposal_id)
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise ProposalNotFoundError
    return _proposal(found)


async def list_proposals(
    connection: AsyncConnection,
    account_id: int,
    *,
    incoming: bool,
    state: State | None = None,
    after: str | None = None,
    limit: int,
) -> list[Proposal]:
    """
    List the transfers proposed from an account, or those approved that go to it; oldest first.

    Args:
        connection: a snapshot.
        account_id: the account.
        incoming: those that go to it; otherwise those that come from it.
        state: only those that are kept in this state.
        after: the identifier after which to begin.
        limit: how many.
    """
    known = transfer_proposals.c
    of = known.to_account if incoming else known.from_account
    key: list[Any] = [of, known.id] if state is None else [known.state, of, known.id]
    place: list[Any] = [account_id] if state is None else [state.value, account_id]
    query = select(transfer_proposals).where(between(key, (*place, after or ""), (*place, IDS_END)))
    if incoming:
        query = query.where(known.approved_at.is_not(None))
    found = await connection.execute(query.order_by(*key).limit(rows(limit)))
    return [_proposal(row) for row in found]


async def list_due(connection: AsyncConnection, moment: datetime, *, limit: int) -> list[Due]:
    """
    Return what is due, to be made or to lapse, earliest first.

    Args:
        connection: to read on.
        moment: the latest that has certainly come; or the database's, where its clock is behind.
        limit: how many.
    """
    found = await connection.execute(_LIST_DUE, {"moment": moment, "limit": limit})
    return [Due(row.id, row.moment) for row in found]


async def get_sent_since(connection: AsyncConnection, account_id: int, since: datetime) -> int:
    """
    Return how many credits an account has sent to accounts that it does not trust.

    What was taken back or came back does not count.
    """
    known = transfer_proposals.c
    query = select(func.coalesce(func.sum(known.credits), 0)).where(
        known.from_account == account_id,
        known.approved_at >= since,
        known.state.in_((State.SCHEDULED.value, State.DELIVERED.value)),
        known.is_trusted.is_(False),
    )
    return int((await connection.execute(query)).scalar_one())


async def get_sent_to_others_since(
    connection: AsyncConnection, account_id: int, since: datetime
) -> int:
    """
    Return how many credits an account has sent to accounts of other owners, trusted or not.

    What was taken back or came back does not count.
    """
    found = await connection.execute(_SENT_TO_OTHERS, {"account": account_id, "since": since})
    return int(found.scalar_one())


async def insert_proposal(connection: AsyncConnection, proposal: Proposal) -> None:
    """Keep a new proposal."""
    await connection.execute(insert(transfer_proposals).values(_values(proposal)))


async def update_proposal(connection: AsyncConnection, proposal: Proposal) -> None:
    """Keep what became of a proposal."""
    values = _values(proposal)
    await connection.execute(
        update(transfer_proposals)
        .where(transfer_proposals.c.id == proposal.id)
        .values({name: values[name] for name in _CHANGING})
    )


def _values(proposal: Proposal) -> dict[str, Any]:
    values = asdict(proposal)
    values["state"] = proposal.state.value
    values["reason"] = None if proposal.reason is None else proposal.reason.value
    return values


def _proposal(row: Row[Any]) -> Proposal:
    values = row._asdict()
    values["state"] = State(row.state)
    values["reason"] = None if row.reason is None else Hindrance(row.reason)
    return Proposal(**values)

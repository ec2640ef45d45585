"""Every read of a table that grows, with what is hard about it: keys with much and with nothing."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.clock import now
from app.kernel.encoding import sha256
from app.registry.activities import store as activities
from app.registry.activities.rules import ActivityStatus
from app.registry.activities.store import Filter
from app.registry.applications import store as applications
from app.registry.applications.rules import ApplicationStatus
from app.registry.compensation import store as compensation
from app.registry.compensation.rules import CaseState
from app.registry.documents import store as documents
from app.registry.erasure import store as erasure
from app.registry.history import store as history
from app.registry.issuance import store as issuance
from app.registry.ledger import store as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.rules import RETIRED, SOURCE, Batch, Choice, EntryKind, Touches
from app.registry.ledger.serials import SerialRange
from app.registry.ledger.store import EntryFilter
from app.registry.log import store as log
from app.registry.monitoring import store as monitoring
from app.registry.monitoring.rules import ReportStatus
from app.registry.notices import store as notices
from app.registry.orders import store as orders
from app.registry.parties import store as parties
from app.registry.parties.rules import PartyKind, Role
from app.registry.signin import store as signin
from app.registry.signin.rules import AccessKind, Scope
from app.registry.signin.store import AccessFilter, Bearer
from app.registry.transfers import store as transfers
from app.registry.transfers.rules import State
from app.registry.verification import store as verification
from app.registry.verification.rules import VerificationStatus
from tests.builders.large import ROWS, VIEWERS, Large, an_id

LIMIT: Final = 51
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
LONG_AHEAD: Final = datetime(2100, 1, 1, tzinfo=UTC)
NEW_YEAR: Final = date(2025, 1, 1)
LATEST: Final = "zzz_zzz"  # sorts after every identifier
EARLIEST: Final = "aaa_aaa"

Read = Callable[[AsyncConnection], Awaitable[object]]
Cases = Callable[[Large], Iterable[Read]]


def _accounts_of(x: Large) -> list[int]:
    return [x.account, x.busy_account, x.idle_account, SOURCE, RETIRED]


def _visible_activities(_: Large) -> list[Read]:
    asked = [
        Filter(),
        Filter(programme_code="TVER"),
        Filter(programme_code="CITY"),
        Filter(province_code="40"),
        Filter(province_code="90"),
        Filter(status=ActivityStatus.DRAFT),
        Filter(status=ActivityStatus.REFUSED),
        Filter(methodology_code="none"),
        Filter(project_type=15),
        Filter(owner_party_id=an_id("pty", 0)),
        Filter(owner_party_id=an_id("pty", 1)),
        Filter(q="nothing like this"),
    ]
    listed = partial(activities.list_visible_activities, limit=LIMIT)
    return [
        partial(listed, visitor=viewer, asked=which, before=before)
        for viewer in VIEWERS
        for which in asked
        for before in (None, LATEST)
    ]


def _entries(x: Large) -> list[EntryFilter]:
    """Return what is asked of the ledger: each filter by itself, found and not found, and some."""
    whole = EntryFilter(first_index=0, end_index=x.size)
    return [
        whole,
        *(EntryFilter(account_id=account, first_index=0) for account in _accounts_of(x)),
        *(
            EntryFilter(account_id=account, first_index=x.size // 2, end_index=x.size)
            for account in _accounts_of(x)
        ),
        EntryFilter(activity_id=an_id("act", 7)),
        EntryFilter(batch_prefix=x.batch),
        EntryFilter(batch_prefix="NONE-1"),
        *(
            EntryFilter(batch_id=x.batch_id, first_serial=first, last_serial=last)
            for first, last in ((x.serial, x.serial), (1, 200_000), (10**9, 10**9))
        ),
        EntryFilter(project_code="GROWN1-8"),
        EntryFilter(project_code="NONE-1"),
        EntryFilter(project_code="GROWN1-8", account_id=x.busy_account),
        EntryFilter(vintage=2019),
        EntryFilter(vintage=1999),
        EntryFilter(province_code="40"),
        EntryFilter(province_code="10"),
        *(EntryFilter(kind=kind) for kind in EntryKind),
        EntryFilter(credits_min=10**9),
        EntryFilter(credits_min=1, credits_max=1),
        EntryFilter(account_id=x.account, kind=EntryKind.CANCELLED),
        EntryFilter(account_id=x.busy_account, vintage=2019),
        EntryFilter(batch_prefix=x.batch, kind=EntryKind.RETIRED),
    ]


def _listed_entries(x: Large) -> list[Read]:
    return [
        partial(
            ledger.list_entries, wanted=wanted, after=after, newest_first=newest_first, limit=LIMIT
        )
        for wanted in _entries(x)
        for newest_first, place in ((True, (x.size, 0)), (False, (-1, 0)))
        for after in (None, place)
    ]


def _batches(_: Large) -> list[Read]:
    asked: list[dict[str, Any]] = [
        {},
        {"vintage": 2019},
        {"vintage": 1999},
        {"programme_code": "GROWN1"},
        {"programme_code": "NONE"},
        {"project_code": "GROWN1-8"},
        {"project_code": "NONE-1"},
        {"activity_id": an_id("act", 7)},
        {"province_code": "40"},
        {"province_code": "10"},
        {"province_code": "10", "vintage": 2019},
        {"province_code": "90", "programme_code": "GROWN1"},
        {"programme_code": "EXTRA", "vintage": 2019},
        {"programme_code": "EXTRA", "project_code": "EXTRA-1"},
    ]
    return [partial(ledger.list_batches, wanted=wanted, after=0, limit=LIMIT) for wanted in asked]


def _touched(x: Large) -> list[Read]:
    choices = [Choice(credits=10), Choice(credits=10, vintage=2019), _named(x)]
    return [
        partial(ledger.load_book, book=Book(), touched=[Touches(x.account, account, choice)])
        for choice in choices
        for account in _accounts_of(x)
    ]


def _named(x: Large) -> Choice:
    return Choice(ranges=(SerialRange(x.batch, 1, 5), SerialRange(x.batch, 700, 800)))


def _batch(x: Large) -> Batch:
    some = (2019, 200_000, x.batch, "GROWN1", "GROWN1-1", "Project", None, None, 1, LONG_AGO)
    return Batch(x.batch_id, *some)


# What is read for each function of a store, by subject and name.
CASES: Final[Mapping[str, Cases]] = {
    # ------------------------------------------------------------------------- log
    "log.get_size_at": lambda x: [
        partial(log.get_size_at, moment=moment) for moment in (LONG_AGO, x.recorded_at)
    ],
    "log.get_size_before": lambda x: [partial(log.get_size_before, moment=x.recorded_at)],
    "log.get_entry": lambda _: [partial(log.get_entry, log_index=i) for i in (500, LIMIT**9)],
    "log.list_entries": lambda _: [partial(log.list_entries, first=500, rows_max=LIMIT)],
    "log.list_leaves": lambda _: [partial(log.list_leaves, first=500, rows_max=LIMIT)],
    "log.list_entries_about": lambda x: [
        partial(log.list_entries_about, subject=subject, after=-1, rows_max=LIMIT)
        for subject in ("registry", x.batch, an_id("act", 7))
    ],
    "log.get_nodes": lambda _: [partial(log.get_nodes, wanted=[(0, 5), (3, 2), (10, 3)])],
    "log.get_entry_and_nodes": lambda _: [
        partial(log.get_entry_and_nodes, log_index=700, wanted=[(0, 5), (10, 3)])
    ],
    "log.list_answers": lambda x: [partial(log.list_answers, keys=[x.key, ("nobody", "none")])],
    # ---------------------------------------------------------------------- ledger
    "ledger.find_ending": lambda x: [
        partial(ledger.find_ending, log_index=i) for i in (x.retired, x.moved)
    ],
    "ledger.list_endings": lambda x: [
        partial(
            ledger.list_endings,
            kinds=kinds,
            account_id=account,
            after=after,
            limit=LIMIT,
            first=first,
        )
        for kinds in (
            (EntryKind.RETIRED,),
            (EntryKind.CANCELLED, EntryKind.BUFFER_CANCELLED),
        )
        for account in (None, *_accounts_of(x))
        for after, first in ((None, 0), (x.size, 0), (x.size, x.size // 2))
    ],
    "ledger.list_serial_history": lambda x: [
        partial(
            ledger.list_serial_history, batch=_batch(x), serial=x.serial, log_index=x.brought_by
        )
    ],
    "ledger.list_movement": lambda x: [partial(ledger.list_movement, log_index=x.moved)],
    "ledger.list_movements": lambda x: [
        partial(ledger.list_movements, log_indexes=list(range(x.moved - LIMIT, x.moved)))
    ],
    "ledger.list_run_counts": lambda x: [
        partial(ledger.list_run_counts, log_indexes=list(range(x.moved - LIMIT, x.moved)))
    ],
    "ledger.list_entries": _listed_entries,
    "ledger.get_account": lambda x: [partial(ledger.get_account, wanted_id=x.account)],
    "ledger.find_any_account": lambda _: [
        partial(ledger.find_any_account, party_id=an_id("pty", number)) for number in (0, 1)
    ],
    "ledger.find_open_account": lambda _: [
        partial(ledger.find_open_account, party_id=an_id("pty", number)) for number in (0, 1)
    ],
    "ledger.get_next_account_id": lambda _: [partial(ledger.get_next_account_id, first=1001)],
    "ledger.get_next_batch_id": lambda _: [
        partial(ledger.get_next_batch_id, book=Book(), vintage=vintage) for vintage in (2019, 1999)
    ],
    "ledger.find_batch": lambda x: [partial(ledger.find_batch, serial_prefix=x.batch)],
    "ledger.get_batch": lambda x: [partial(ledger.get_batch, serial_prefix=x.batch)],
    "ledger.load_book": _touched,
    "ledger.list_touched": lambda x: [
        partial(ledger.list_touched, since=x.size - LIMIT, until=x.size)
    ],
    "ledger.list_accounts": lambda x: [
        partial(
            ledger.list_accounts,
            owner_party_id=owner,
            words=words,
            size=size,
            after=0,
            limit=LIMIT,
        )
        for owner in (None, an_id("pty", 0), an_id("pty", 1))
        for words in (None, "a", "nothing like this")
        for size in (None, x.size // 2)
    ],
    "ledger.list_holders": lambda x: [
        partial(ledger.list_holders, project_code=code, size=size, after=after, limit=LIMIT)
        for code in ("GROWN1-8", "NONE-1")
        for size in (None, 500, x.size // 2)
        for after in ((0, 0), (x.busy_account, x.batch_id))
    ],
    "ledger.list_own_totals": lambda x: [
        partial(ledger.list_own_totals, size=size) for size in (0, x.size // 2, x.size)
    ],
    "ledger.get_total": lambda x: [
        partial(ledger.get_total, account_id=account, size=size)
        for account in _accounts_of(x)
        for size in (x.size // 2, x.size)
    ],
    "ledger.list_holdings": lambda x: [
        partial(ledger.list_holdings, account_id=account, size=size, after=0, limit=LIMIT)
        for account in _accounts_of(x)
        for size in (None, 500, x.size // 2, x.size)
    ],
    "ledger.list_runs": lambda x: [
        partial(ledger.list_runs, account_id=account, after=(0, 0), limit=LIMIT)
        for account in _accounts_of(x)
    ],
    "ledger.list_runs_of_batch": lambda x: [
        partial(ledger.list_runs_of_batch, batch=_batch(x), first=first, last=last, limit=LIMIT)
        for first, last in ((1, 200_000), (x.serial, x.serial))
    ],
    "ledger.find_underway": lambda x: [
        partial(ledger.find_underway, account_id=account) for account in _accounts_of(x)
    ],
    "ledger.get_own_terms": lambda x: [
        partial(ledger.get_own_terms, account_id=account) for account in (x.account, x.idle_account)
    ],
    "ledger.get_trusted": lambda _: [
        partial(ledger.get_trusted, account_id=100_001, entry_id=an_id("tru", 2))
    ],
    "ledger.list_trusted": lambda x: [
        partial(ledger.list_trusted, account_id=account, after=after, limit=LIMIT)
        for account in (x.account, x.idle_account)
        for after in (None, EARLIEST)
    ],
    "ledger.get_trusted_count": lambda x: [
        partial(ledger.get_trusted_count, account_id=account)
        for account in (x.account, x.idle_account)
    ],
    "ledger.list_owners": lambda x: [partial(ledger.list_owners, account_ids=_accounts_of(x))],
    "ledger.list_batches": _batches,
    "ledger.list_batch_states": lambda x: [partial(ledger.list_batch_states, batch=_batch(x))],
    "ledger.list_states_of": lambda x: [
        partial(ledger.list_states_of, found=[_batch(x), structs.replace(_batch(x), id=1)])
    ],
    "ledger.load_frozen": lambda x: [
        partial(ledger.load_frozen, book=Book(), batch_id=_batch(x).id)
    ],
    "ledger.get_freeze": lambda _: [partial(ledger.get_freeze, freeze_id=an_id("ord", 2))],
    "ledger.list_frozen_spans": lambda x: [
        partial(ledger.list_frozen_spans, batch=_batch(x), first=first, last=last)
        for first, last in ((1, 200_000), (x.serial, x.serial))
    ],
    "ledger.find_reversal": lambda x: [
        partial(ledger.find_reversal, log_index=index) for index in (x.moved, 7)
    ],
    "ledger.find_links": lambda x: [
        partial(ledger.find_links, acts=list(range(x.moved - LIMIT, x.moved)))
    ],
    # ---------------------------------------------------------------------- orders
    "orders.get_order": lambda _: [partial(orders.get_order, order_id=an_id("ord", 7))],
    "orders.list_orders": lambda _: [
        partial(orders.list_orders, before=before, limit=LIMIT) for before in (None, LATEST)
    ],
    "orders.list_freezes": lambda x: [
        partial(
            orders.list_freezes,
            account_id=account,
            batch_id=batch,
            standing=standing,
            after=after,
            limit=LIMIT,
        )
        for account, batch in ((None, None), (x.account, None), (None, _batch(x).id))
        for standing in (True, False)
        for after in (None, EARLIEST)
    ],
    # ----------------------------------------------------------------------- cases
    "compensation.get_case": lambda _: [
        partial(compensation.get_case, case_id=an_id("ord", ROWS + number))
        for number in (1, 2, 3, ROWS + 1)
    ],
    "compensation.list_cases": lambda _: [
        partial(
            compensation.list_cases,
            issuance_id=issuance_id,
            state=state,
            before=before,
            limit=LIMIT,
        )
        for issuance_id in (None, an_id("iss", 1), an_id("iss", 0))
        for state in (None, CaseState.OPEN, CaseState.CLOSED)
        for before in (None, LATEST)
    ],
    "compensation.list_steps": lambda _: [
        partial(compensation.list_steps, case_id=an_id("ord", ROWS + number), limit=LIMIT)
        for number in (1, 2, 3)
    ],
    "compensation.find_claimed": lambda _: [
        partial(compensation.find_claimed, issuance_id=an_id("iss", number)) for number in (0, 1)
    ],
    # ------------------------------------------------------------------- transfers
    "transfers.get_proposal": lambda _: [
        partial(transfers.get_proposal, proposal_id=an_id("prp", 7))
    ],
    "transfers.list_proposals": lambda x: [
        partial(
            transfers.list_proposals,
            account_id=account,
            incoming=incoming,
            state=state,
            after=after,
            limit=LIMIT,
        )
        for account in (x.account, x.idle_account, x.idle_account + 100_000)
        for incoming in (False, True)
        for state in (None, State.SCHEDULED, State.RETURNED, State.PROPOSED)
        for after in (None, EARLIEST)
    ],
    "transfers.list_due": lambda _: [
        partial(transfers.list_due, moment=moment, limit=LIMIT) for moment in (LONG_AGO, now())
    ],
    "transfers.get_sent_since": lambda x: [
        partial(transfers.get_sent_since, account_id=account, since=since)
        for account in (x.account, x.idle_account)
        for since in (now() - timedelta(days=20), now())
    ],
    "transfers.get_sent_to_others_since": lambda x: [
        partial(transfers.get_sent_to_others_since, account_id=account, since=since)
        for account in (x.account, x.idle_account)
        for since in (now() - timedelta(days=20), now())
    ],
    # --------------------------------------------------------------------- parties
    "parties.get_party": lambda _: [partial(parties.get_party, party_id=an_id("pty", 7))],
    "parties.list_named": lambda _: [
        partial(parties.list_named, party_ids=[an_id("pty", n) for n in (0, 1, 7)])
    ],
    "parties.find_any_party": lambda _: [parties.find_any_party],
    "parties.list_parties": lambda _: [
        partial(
            parties.list_parties,
            kind=kind,
            province_code=province,
            words=words,
            after=EARLIEST,
            limit=LIMIT,
        )
        for words in (None, "nobody's name")
        for kind in (None, PartyKind.VVB, PartyKind.MUNICIPALITY)
        for province in (None, "40", "90")
    ],
    "parties.list_accreditations": lambda _: [
        partial(parties.list_accreditations, party_id=an_id("pty", 3))
    ],
    "parties.list_accreditations_of": lambda _: [
        partial(parties.list_accreditations_of, party_ids=[an_id("pty", n) for n in (3, 8, 9)])
    ],
    "parties.get_user": lambda _: [
        partial(parties.get_user, user_id=an_id("usr", 7), seen_by=viewer) for viewer in VIEWERS
    ],
    "parties.list_users": lambda _: [
        partial(parties.list_users, seen_by=viewer, party_id=party, after=after, limit=LIMIT)
        for viewer in VIEWERS[1:]
        for party in (None, an_id("pty", 0), an_id("pty", 1))
        for after in (None, EARLIEST)
    ],
    "parties.find_user_id_by_email": lambda _: [
        partial(parties.find_user_id_by_email, email=email) for email in ("none@x.y", "user7@x.y")
    ],
    "parties.find_administrator": lambda _: [
        partial(parties.find_administrator, besides_user_id=an_id("usr", 5)),
        partial(parties.find_administrator, besides_party_id=an_id("pty", 5)),
    ],
    "parties.list_officials": lambda _: [
        partial(
            parties.list_officials,
            having=[Role.APPROVER],
            besides_user_id=user,
            besides_party_id=party,
            limit=2,
        )
        for user, party in ((None, None), (an_id("usr", 5), None), (None, an_id("pty", 5)))
    ],
    "parties.find_password": lambda _: [partial(parties.find_password, email="user7@example.com")],
    "parties.find_password_hash": lambda _: [
        partial(parties.find_password_hash, user_id=an_id("usr", 7))
    ],
    "parties.find_key_secret": lambda _: [partial(parties.find_key_secret, key_id=an_id("key", 7))],
    "parties.get_key": lambda _: [
        partial(parties.get_key, key_id=an_id("key", 6), user_id=an_id("usr", 1))
    ],
    "parties.list_events_about": lambda _: [
        partial(parties.list_events_about, user_id=an_id("usr", number), limit=LIMIT)
        for number in (1, 7)
    ],
    "parties.list_keys": lambda _: [
        partial(parties.list_keys, user_id=an_id("usr", 1), only_working=working, limit=LIMIT)
        for working in (True, False)
    ],
    "parties.list_representatives": lambda _: [
        partial(
            parties.list_representatives,
            party_id=an_id("pty", number),
            role=role,
            besides_user_id=an_id("usr", 2),
            limit=2,
        )
        for number in (0, 1, 7)
        for role in (Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER)
    ],
    # ---------------------------------------------------------------- applications
    "applications.get_application": lambda _: [
        partial(applications.get_application, application_id=an_id("apl", 7))
    ],
    "applications.list_applications": lambda _: [
        partial(applications.list_applications, status=status, after=after, limit=LIMIT)
        for status in (None, ApplicationStatus.DRAFT, ApplicationStatus.ASKED)
        for after in (None, an_id("apl", 500))
    ],
    "applications.list_renewals": lambda _: [
        partial(applications.list_renewals, until=until, after=after, limit=LIMIT)
        for until in (date(2000, 1, 1), date(2200, 1, 1))
        for after in (None, (date(2027, 1, 1), an_id("apl", 500)))
    ],
    "applications.find_current": lambda _: [
        partial(applications.find_current, party_id=an_id("pty", number)) for number in (0, 7)
    ],
    "applications.find_open_renewal": lambda _: [
        partial(applications.find_open_renewal, party_id=an_id("pty", number)) for number in (0, 7)
    ],
    "applications.list_of_party": lambda _: [
        partial(applications.list_of_party, party_id=an_id("pty", number), limit=LIMIT)
        for number in (0, 7)
    ],
    "applications.list_events": lambda _: [
        partial(applications.list_events, application_id=an_id("apl", number)) for number in (0, 7)
    ],
    "applications.list_files": lambda _: [
        partial(applications.list_files, application_id=an_id("apl", number)) for number in (0, 7)
    ],
    "applications.get_file": lambda _: [
        partial(applications.get_file, application_id=an_id("apl", 7), sha256="7".zfill(64))
    ],
    "applications.list_file_ids": lambda _: [
        partial(applications.list_file_ids, ids=[an_id("apf", number) for number in range(500)])
    ],
    "applications.find_begun_at": lambda _: [
        partial(applications.find_begun_at, place=place) for place in (1, 200)
    ],
    "applications.lock_application": lambda _: [
        partial(applications.lock_application, application_id=an_id("apl", 7))
    ],
    # ------------------------------------------------------------------- signing in
    "signin.find_standing": lambda _: [
        partial(signin.find_standing, bearer=Bearer(an_id("usr", 1), key, session))
        for key in (None, an_id("key", 6))
        for session in (None, an_id("ses", 6))
    ],
    "signin.list_standings": lambda _: [
        partial(
            signin.list_standings,
            asked=[
                Bearer(an_id("usr", 1), an_id("key", 6)),
                *(Bearer(an_id("usr", n), None, an_id("ses", n)) for n in range(20)),
            ],
        )
    ],
    "signin.lock_presented": lambda _: [
        partial(signin.lock_presented, digest=digest)
        for digest in (sha256(b"7"), sha256(b"nobody has it"))
    ],
    "signin.lock_session": lambda _: [
        partial(signin.lock_session, session_id=an_id("ses", 6), user_id=user)
        for user in (an_id("usr", 1), an_id("usr", 2))
    ],
    "signin.list_sessions": lambda _: [
        partial(signin.list_sessions, user_id=user, after=None, limit=LIMIT, now=LONG_AGO)
        for user in (an_id("usr", 1), an_id("usr", 2))
    ],
    "signin.lock_guesses": lambda _: [
        partial(
            signin.lock_guesses,
            names=[(Scope.EVERYBODY, bytes(32)), (Scope.ACCOUNT, sha256(b"7"))],
        )
    ],
    "signin.find_totp": lambda _: [
        partial(signin.find_totp, user_id=an_id("usr", 7), is_confirmed=confirmed)
        for confirmed in (True, False)
    ],
    "signin.find_confirmed_at": lambda _: [
        partial(signin.find_confirmed_at, user_id=an_id("usr", 7))
    ],
    "signin.list_access": lambda x: [
        partial(
            signin.list_access,
            asked=AccessFilter(person=person, kind=kind, since=since, until=x.recorded_at),
            before=before,
            limit=LIMIT,
        )
        for person in (None, an_id("usr", 1), an_id("usr", 7), EARLIEST)
        for kind in (None, AccessKind.USER_READ, AccessKind.ACCESS_READ)
        for since in (None, LONG_AGO, x.recorded_at)
        for before in (None, (now(), LATEST))
    ],
    "notices.list_notices": lambda _: [
        partial(
            notices.list_notices,
            user_id=an_id("usr", number),
            unread=unread,
            before=before,
            limit=LIMIT,
        )
        for number in (1, 7, 0)
        for unread in (False, True)
        for before in (None, (5_000, LATEST), (0, EARLIEST))
    ],
    "notices.get_unread_count": lambda _: [
        partial(notices.get_unread_count, user_id=an_id("usr", number), most=LIMIT)
        for number in (1, 7, 0)
    ],
    "notices.find_notice": lambda _: [
        partial(notices.find_notice, notice_id=an_id("ntc", 7), user_id=an_id("usr", 7))
    ],
    "notices.list_representatives_of": lambda _: [
        partial(notices.list_representatives_of, party_ids=[an_id("pty", n) for n in numbers])
        for numbers in ((1,), (3, 7), (0,))
    ],
    "notices.list_entered": lambda _: [partial(notices.list_entered, log_index=7)],
    "notices.find_mail_due": lambda _: [
        partial(notices.find_mail_due, now=moment) for moment in (LONG_AGO, now(), LONG_AHEAD)
    ],
    "notices.lock_mail": lambda _: [
        partial(notices.lock_mail, now=moment) for moment in (LONG_AGO, now(), LONG_AHEAD)
    ],
    "signin.find_passkey": lambda _: [
        partial(signin.find_passkey, credential_id=sha256(name)) for name in (b"7", b"none")
    ],
    "signin.list_passkeys": lambda _: [
        partial(signin.list_passkeys, user_id=an_id("usr", number), limit=LIMIT)
        for number in (7, 10**9)
    ],
    "signin.get_challenges_open": lambda _: [
        partial(signin.get_challenges_open, network=network, now=at, most=LIMIT)
        for network in ("busy", "none")
        for at in (LONG_AGO, now())
    ],
    "signin.find_identity": lambda _: [
        partial(signin.find_identity, issuer="https://id.example", subject=subject)
        for subject in ("7", "nobody")
    ],
    "signin.get_identity": lambda _: [partial(signin.get_identity, identity_id=an_id("idn", 7))],
    "signin.list_identities": lambda _: [
        partial(signin.list_identities, user_id=an_id("usr", number), limit=LIMIT)
        for number in (7, 10**9)
    ],
    "signin.get_identity_requests_open": lambda _: [
        partial(signin.get_identity_requests_open, network=network, now=at, most=LIMIT)
        for network in ("busy", "none")
        for at in (LONG_AGO, now())
    ],
    "signin.get_recovery_codes_left": lambda _: [
        partial(signin.get_recovery_codes_left, user_id=an_id("usr", 7))
    ],
    # ------------------------------------------------------- activities and documents
    "documents.get_document": lambda _: [
        partial(documents.get_document, document_id=an_id("doc", 7))
    ],
    "activities.get_activity": lambda _: [
        partial(activities.get_activity, activity_id=an_id("act", 7))
    ],
    "activities.get_visible_activity": lambda _: [
        partial(activities.get_visible_activity, visitor=viewer, activity_id=an_id("act", 50))
        for viewer in VIEWERS
    ],
    "activities.list_counts": lambda _: [activities.list_counts],
    "activities.list_counts_by_province": lambda _: [activities.list_counts_by_province],
    "activities.list_visible_activities": _visible_activities,
    "activities.get_visible_document": lambda _: [
        partial(activities.get_visible_document, visitor=viewer, document_id=an_id("doc", 7))
        for viewer in VIEWERS
    ],
    "activities.list_visible_documents": lambda _: [
        partial(
            activities.list_visible_documents,
            visitor=viewer,
            activity_id=an_id("act", number),
            limit=LIMIT,
        )
        for viewer in VIEWERS
        for number in (0, 1, 7)
    ],
    "activities.list_foreign_documents": lambda _: [
        partial(
            activities.list_foreign_documents,
            document_ids=[an_id("doc", 7), an_id("doc", 8)],
            activity_id=an_id("act", 1),
        )
    ],
    "activities.list_sites": lambda _: [
        partial(activities.list_sites, activity_id=an_id("act", number)) for number in (0, 1)
    ],
    "activities.list_purposes": lambda _: [
        partial(activities.list_purposes, activity_id=an_id("act", number)) for number in (0, 1, 7)
    ],
    "activities.list_provinces_of": lambda _: [
        partial(activities.list_provinces_of, activity_ids=[an_id("act", n) for n in range(LIMIT)])
    ],
    "activities.list_names": lambda _: [
        partial(activities.list_names, activity_ids=[an_id("act", n) for n in range(LIMIT)])
    ],
    "activities.list_events": lambda _: [
        partial(activities.list_events, activity_id=an_id("act", number), limit=LIMIT)
        for number in (0, 1)
    ],
    "activities.list_opinions": lambda _: [
        partial(activities.list_opinions, activity_id=an_id("act", 1), limit=LIMIT)
    ],
    "activities.find_latest_opinion": lambda _: [
        partial(activities.find_latest_opinion, activity_id=an_id("act", 1))
    ],
    "activities.find_installation_claim": lambda _: [
        partial(
            activities.find_installation_claim,
            installation_ids=["PEA-5", "PEA-0"],
            activity_id=an_id("act", 5),
        )
    ],
    "activities.find_last_number": lambda _: [
        partial(activities.find_last_number, programme_code=code) for code in ("TVER", "CITY")
    ],
    "activities.list_readers": lambda _: [
        partial(activities.list_readers, activity_id=an_id("act", 7))
    ],
    # ------------------------------------------------------------------ monitoring
    "monitoring.get_report": lambda _: [partial(monitoring.get_report, report_id=an_id("mrp", 7))],
    "monitoring.get_visible_report": lambda _: [
        partial(monitoring.get_visible_report, report_id=an_id("mrp", 50), viewer=viewer)
        for viewer in VIEWERS
    ],
    "monitoring.list_reports": lambda _: [
        partial(
            monitoring.list_reports,
            viewer=viewer,
            activity_id=activity,
            status=status,
            before=before,
            limit=LIMIT,
        )
        for viewer in VIEWERS
        for activity in (None, an_id("act", 0), an_id("act", 1))
        for status in (None, ReportStatus.DRAFT, ReportStatus.REJECTED)
        for before in (None, LATEST)
    ],
    "monitoring.find_overlapping_id": lambda _: [
        partial(
            monitoring.find_overlapping_id,
            activity_id=an_id("act", 1),
            period_start=NEW_YEAR,
            period_end=NEW_YEAR,
            except_id=except_id,
        )
        for except_id in (None, an_id("mrp", 1))
    ],
    "monitoring.list_events": lambda _: [
        partial(monitoring.list_events, report_id=an_id("mrp", n), after=None, limit=LIMIT)
        for n in (0, 1)
    ],
    "monitoring.list_events_of": lambda _: [
        partial(monitoring.list_events_of, report_ids=[an_id("mrp", n) for n in some], limit=LIMIT)
        for some in ((0, 1), range(2, 52))
    ],
    "monitoring.find_recognition": lambda _: [
        partial(monitoring.find_recognition, report_id=an_id("mrp", 7))
    ],
    "monitoring.find_letter_holder_id": lambda _: [
        partial(monitoring.find_letter_holder_id, letter_number="letter 7")
    ],
    # ----------------------------------------------------- verification and issuance
    "verification.get_verification": lambda _: [
        partial(verification.get_verification, verification_id=an_id("vrf", 7))
    ],
    "verification.get_visible_verification": lambda _: [
        partial(
            verification.get_visible_verification, verification_id=an_id("vrf", 50), viewer=viewer
        )
        for viewer in VIEWERS
    ],
    "verification.find_concluded_verification": lambda _: [
        partial(verification.find_concluded_verification, report_id=an_id("mrp", 7))
    ],
    "verification.list_verifications": lambda _: [
        partial(
            verification.list_verifications,
            viewer=viewer,
            report_id=report,
            status=status,
            before=before,
            limit=LIMIT,
        )
        for viewer in VIEWERS
        for report in (None, an_id("mrp", 7))
        for status in (None, VerificationStatus.CONCLUDED, VerificationStatus.ASSIGNED)
        for before in (None, LATEST)
    ],
    "verification.list_bodies": lambda _: [
        partial(verification.list_bodies, activity_id=an_id("act", number), limit=3)
        for number in (0, 1, 7)
    ],
    "verification.list_opinions": lambda _: [
        partial(verification.list_opinions, verification_id=an_id("vrf", 7), after=0, limit=LIMIT)
    ],
    "issuance.get_issuance": lambda _: [
        partial(issuance.get_issuance, issuance_id=an_id("iss", 7))
    ],
    "issuance.find_issuance_of_batch": lambda x: [
        partial(issuance.find_issuance_of_batch, batch_id=number) for number in (x.batch_id, 7)
    ],
    "issuance.find_issuance_of_report": lambda _: [
        partial(issuance.find_issuance_of_report, report_id=an_id("mrp", 7))
    ],
    "issuance.list_issuances": lambda _: [
        partial(
            issuance.list_issuances,
            activity_id=activity,
            vintage=vintage,
            before=before,
            limit=LIMIT,
        )
        for activity in (None, an_id("act", 0), an_id("act", 1))
        for vintage in (None, 2024, 1999)
        for before in (None, LATEST)
    ],
    "issuance.list_remainders": lambda _: [
        partial(issuance.list_remainders, activity_id=an_id("act", 1), vintages=[2024])
    ],
    "issuance.list_batch_counts": lambda _: [
        partial(issuance.list_batch_counts, activity_id=an_id("act", 1), vintages=[2024])
    ],
    # --------------------------------------------------------- history and erasure
    "history.get_credits_taken": lambda _: [
        partial(history.get_credits_taken, source_code="GROWN1", project_code=code, vintage=2019)
        for code in ("GROWN1-8", "NONE-1")
    ],
    "history.list_blocks": lambda _: [
        partial(history.list_blocks, source_code=code, after=0, limit=LIMIT)
        for code in ("GROWN1", "NONE")
    ],
    "erasure.list_erasable": lambda x: [
        partial(erasure.list_erasable, acts=[x.retired, x.moved], user_id=an_id("usr", 7))
    ],
    "erasure.list_words": lambda x: [partial(erasure.list_words, acts=[x.retired, x.moved])],
}

# Read a whole table, and may.
READS_ALL: Final = {
    "applications.find_waiting": "files of applicants not admitted, 100 000 at most; per upload",
    "ledger.stream_state": "all of the register, for outsiders",
    "notices.list_holders": "whoever holds serials that are frozen: as many as there are",
    "erasure.list_endings_for": "DECISIONS 15: an index would be paid for by every retirement",
}
# Walk through tables that grow with projects, never through those of the ledger or the log.
WALKS: Final = {
    "activities.list_visible_activities": "filters that can be combined at will, and free text",
    "parties.list_parties": "a part of a name",
    "activities.list_counts": "all that the public may see, counted",
    "activities.list_counts_by_province": "all that the public may see, counted",
    "activities.list_purposes": "the evidence of one activity",
    "monitoring.get_visible_report": "the activities of the one who asks",
    "monitoring.list_reports": "the activities of the one who asks; a status that few have",
    "verification.get_visible_verification": "the activities of the one who asks",
    "verification.list_verifications": "the activities of the one who asks; a status that few have",
    "issuance.list_issuances": "a vintage that few have",
    "erasure.list_erasable": "asked when a person asks to be forgotten, by the acts' indexes",
    "erasure.list_words": "asked when a person asks to be forgotten, by the acts' indexes",
}
# What `load_book` consists of.
PARTS: Final = {
    *("ledger.load_accounts", "ledger.load_balances", "ledger.load_batches"),
    *("ledger.load_covers", "ledger.load_shelves"),
}
# Tables that stay small: see `tests.builders.plans.SMALL`. The others are part of what is tested.
OF_SMALL_TABLES: Final = {
    *("log.lock_head", "log.get_head", "log.find_state"),
    *("log.get_extent", "log.get_published", "log.get_published_note", "log.lock_publishing"),
    *("provinces.get_province", "provinces.list_provinces"),
    "provinces.list_provinces_in_thai_order",
    *("programmes.get_programme", "programmes.find_programme", "programmes.list_programmes"),
    *("programmes.list_members", "programmes.get_rule", "programmes.list_rules_in_force"),
    "programmes.find_rule",
    *("programmes.list_rule_history", "programmes.list_rules_unended"),
    *("calendar.list_holidays", "calendar.find_day", "calendar.get_year"),
    *("calendar.find_year", "calendar.list_years"),
    *("methodologies.get_methodology", "methodologies.find_methodology"),
    "methodologies.list_methodologies",
    "history.find_source",
    "ledger.list_sums",
}

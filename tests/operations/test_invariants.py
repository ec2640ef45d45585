"""
Goal: each invariant can fail, and then names itself.

Method: one believable register, made through operations; for each invariant one corruption by the
hand of the database's owner, with the guards taken away, inside a transaction that is taken back.
A check that nothing can make fail would hold nothing.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.committer import Committer
from app.kernel.clock import bangkok_date, now
from app.kernel.db import make_engine, rows_of
from app.registry import invariants
from app.registry.compensation import operations as compensation
from app.registry.compensation.rules import StepKind
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.invariants import STATEMENTS, VIOLATIONS_SHOWN_MAX
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger import operations
from app.registry.ledger.operations import Named
from app.registry.ledger.rules import EntryKind
from app.registry.log import audit
from app.registry.orders.operations import ApproveOrder
from app.registry.orders.rules import CaseKind, Order
from app.registry.pairs.operations import approve_order
from app.registry.parties.operations import SetRoles
from app.registry.parties.rules import Role
from app.registry.programmes.operations import SetRule
from app.registry.programmes.rules import RuleKey
from app.registry.signin.operations import link_identity
from app.registry.stores import refusals_by_constraint
from app.registry.transfers import operations as transfers
from app.registry.transfers.operations import Approve, Propose
from tests.builders.activities import a_registered_activity
from tests.builders.applications import a_draft, a_recommended, a_renewal, admitting
from tests.builders.issuance import a_decision, a_verified_report, an_issuance
from tests.builders.ledger import (
    Holders,
    a_batch,
    an_account,
    an_ending,
    move,
    named,
    oldest,
    party_of,
    retire,
    two_holders,
)
from tests.builders.orders import PAPER, Officers
from tests.builders.pairs import two_of_each
from tests.builders.parties import a_developer, an_actor, do
from tests.builders.transfers import the_calendar
from tests.conftest import Registry, Server

X: Final = "XX-1-2024-1"
TREE: Final = "the tree is built from the stored leaves"
HEAD: Final = "the head is the root of the stored leaves"
# What is guarded by triggers of ours, which the owner of a table can take away.
GUARDED: Final = (
    "accounts",
    "balances",
    "batches",
    "blocks",
    "ending_statements",
    "endings",
    "issuance_lines",
    "ledger_entries",
    "ledger_sums",
    "log_entries",
    "log_head",
    "log_salts",
    "account_terms",
    "transfer_proposals",
    "freezes",
    "cases",
    "case_steps",
    "orders",
    "order_approvals",
    "issuances",
    "party_events",
    "users",
    "reversals",
    "rule_values",
    "parties",
    "validation_opinions",
)


@dataclass(frozen=True)
class Corruption:
    """What a hand could do to the tables, and which invariants that breaks."""

    done: tuple[str, ...]  # statements; `places` says what their parameters are
    target: str  # the invariant that is there for it
    beside: frozenset[str] = frozenset()  # others that cannot but break with it


SUMS = "balances are the sums of blocks"
FOLD = "balances are the fold of entries"
SUMMED = "sums by year, programme and province are the fold of entries"
ZERO = "each batch sums to nothing over all accounts"
CARRY = "entries carry the balances before and after"
WHERE = "blocks are where their last movement took them"
LINEAGE = "a movement continues the one before it"
ERASED = "nothing is erased without an act"
WRITTEN = "what people wrote is what the log commits to"
PROPOSED = "a proposed transfer is its movements"
ORDERED = "a freeze is what two officers ordered"
CASE_ORDERED = "a case is what two officers ordered"
OWED = "a case owes what its steps have left"
STEPS = "a step of a case is credits that ended"
# A forger who knows that the database recomputes a leaf's hash.
FORGED_LEAF = """
    UPDATE log_entries SET leaf = leaf || ' ',
           nodes = sha256('\\x00'::bytea || leaf || ' '::bytea) || substring(nodes FROM 33)
     WHERE log_index = 3"""

CORRUPTIONS = {
    "it is kept from where somebody came who was erased": Corruption(
        (
            (
                "INSERT INTO access_records SELECT 'aud_x', now(), 'signed_in', 'password', id, id,"
                " '203.0.113.7' FROM users ORDER BY id DESC LIMIT 1"
            ),
            "ALTER TABLE users DISABLE TRIGGER USER",
            (
                "UPDATE users SET email = NULL, display_name = NULL, password_hash = NULL,"
                " status = 'suspended' WHERE id = (SELECT max(id) FROM users)"
            ),
        ),
        "it is not kept from where the erased came",
        frozenset({"who was erased is told nothing"}),
    ),
    "somebody is erased and was told something": Corruption(
        (
            "ALTER TABLE users DISABLE TRIGGER USER",
            (
                "UPDATE users SET email = NULL, display_name = NULL, password_hash = NULL,"
                " status = 'suspended' WHERE id = (SELECT max(id) FROM users)"
            ),
        ),
        "who was erased is told nothing",
    ),
    "somebody is told of what never happened": Corruption(
        (
            (
                "INSERT INTO notices (id, user_id, kind, log_index, made_at, mail_due_at)"
                " SELECT 'ntc_x', id, 'own_roles_set', 1000000, now(), now() FROM users LIMIT 1"
            ),
        ),
        "a notice is of an act, of its moment",
    ),
    "a stranger is told of a transfer": Corruption(
        (
            (
                "INSERT INTO notices (id, user_id, kind, account_id, proposal_id, log_index,"
                " made_at, mail_due_at)"
                " SELECT 'ntc_x', u.id, 'transfer_proposed', a.id, p.id, l.log_index,"
                " l.recorded_at, now() FROM transfer_proposals p"
                " JOIN log_entries l ON l.log_index = p.proposed_index"
                " JOIN accounts a ON a.id = p.from_account"
                " JOIN users u ON u.party_id <> a.owner_party_id LIMIT 1"
            ),
        ),
        "a notice of a transfer is to who represents a side of it",
    ),
    "a user has roles that no act gave": Corruption(
        ("UPDATE users SET roles = '{approver,officer}' WHERE roles = '{officer}'",),
        "the roles of a user are what the last act said",
    ),
    "a user is here by no act": Corruption(
        (
            (
                "INSERT INTO users SELECT (jsonb_populate_record(u,"
                ' \'{"id": "usr_x", "email": "x@example.com"}\')).*'
                " FROM users u WHERE id = (SELECT max(id) FROM users)"
            ),
        ),
        "the roles of a user are what the last act said",
    ),
    "a passkey comes out of nowhere": Corruption(
        (
            (
                "INSERT INTO passkeys SELECT 'pky_x', id, sha256('a'), sha256('b'), 0, 'Mine',"
                " now() FROM users LIMIT 1"
            ),
        ),
        "a passkey was added by an act",
    ),
    "an identity comes out of nowhere": Corruption(
        (
            (
                "INSERT INTO identities SELECT 'idn_x', id, 'https://id.example', 'mali', now()"
                " FROM users LIMIT 1"
            ),
        ),
        "an identity was linked by an act",
        frozenset({"as many identities are linked as the acts say"}),
    ),
    "an identity is gone": Corruption(
        ("DELETE FROM identities",), "as many identities are linked as the acts say"
    ),
    "a sum is another": Corruption(
        (
            (
                "UPDATE ledger_sums SET credits = credits + 1 WHERE ctid ="
                " (SELECT min(ctid) FROM ledger_sums WHERE account_id = 4)"
            ),
        ),
        SUMMED,
    ),
    "the first block of a batch is gone": Corruption(
        ("DELETE FROM blocks WHERE batch_id = :batch AND first_serial = 1",),
        "batches begin with serial 1",
        frozenset({SUMS}),
    ),
    "a block begins beyond its batch": Corruption(
        (
            (
                "INSERT INTO blocks SELECT :batch, 101, account_id, log_index FROM blocks"
                " WHERE batch_id = :batch AND first_serial = 1"
            ),
        ),
        "blocks lie within their batch",
        frozenset({WHERE}),
    ),
    "a block is of no batch": Corruption(
        ("INSERT INTO blocks SELECT 5, 1, account_id, log_index FROM blocks LIMIT 1",),
        "blocks lie within their batch",
        frozenset({WHERE}),
    ),
    "a block in the middle is gone": Corruption(
        ("DELETE FROM blocks WHERE batch_id = :batch AND first_serial = 31",), SUMS
    ),
    "a block is cut elsewhere": Corruption(
        ("UPDATE blocks SET first_serial = 32 WHERE batch_id = :batch AND first_serial = 31",),
        SUMS,
    ),
    "an entry names one serial fewer": Corruption(
        (
            (
                "UPDATE ledger_entries SET last_serial = last_serial - 1,"
                " to_balance = to_balance - 1, to_total = to_total - 1,"
                " from_balance = from_balance + 1, from_total = from_total + 1"
                " WHERE log_index = :retirement"
            ),
            "UPDATE endings SET credits = credits - 1 WHERE kind = 4",
        ),
        FOLD,
        frozenset({CARRY, SUMMED}),
    ),
    "a balance is raised": Corruption(
        ("UPDATE balances SET credits = credits + 1 WHERE account_id = 1001",),
        ZERO,
        frozenset({SUMS, FOLD}),
    ),
    "more is drawn from the source": Corruption(
        ("UPDATE balances SET credits = credits - 1 WHERE account_id = 1 AND batch_id = :batch",),
        "what a batch has is what the source gave",
        frozenset({FOLD, ZERO}),
    ),
    "a balance is missing": Corruption(
        ("DELETE FROM balances WHERE account_id = 1 AND batch_id = :batch",),
        "what a batch has is what the source gave",
        frozenset({FOLD, ZERO}),
    ),
    "an entry tells another total": Corruption(
        ("UPDATE ledger_entries SET to_total = to_total + 1 WHERE log_index = :transfer",), CARRY
    ),
    "an entry tells another balance": Corruption(
        ("UPDATE ledger_entries SET from_balance = from_balance + 1 WHERE log_index = :transfer",),
        CARRY,
    ),
    "a block claims another movement": Corruption(
        ("UPDATE blocks SET log_index = 0 WHERE batch_id = :batch AND first_serial = 31",), WHERE
    ),
    "two blocks change places": Corruption(
        (
            (
                "UPDATE blocks SET account_id = 2003 - account_id WHERE batch_id = :batch"
                " AND account_id IN (1001, 1002)"
            ),
        ),
        WHERE,
        frozenset({SUMS}),
    ),
    "a movement comes from nowhere": Corruption(
        ("UPDATE ledger_entries SET previous_log_index = 0 WHERE log_index = :transfer",), LINEAGE
    ),
    "a movement takes a serial twice": Corruption(
        (
            (
                "UPDATE ledger_entries SET first_serial = 41, last_serial = 45"
                " WHERE log_index = :transfer AND first_serial = 31"
            ),
        ),
        "no serial is moved twice by one movement",
        frozenset({WHERE}),
    ),
    "a movement is another act": Corruption(
        ("UPDATE log_entries SET kind = 'party.admitted' WHERE log_index = :transfer",),
        "every movement is an act in the log",
    ),
    "the buffer's movement is another act": Corruption(
        (
            (
                "UPDATE log_entries SET kind = 'credits.transferred'"
                " WHERE log_index = (SELECT min(log_index) FROM ledger_entries WHERE kind = 8)"
            ),
        ),
        "every movement is an act in the log",
    ),
    "a movement has another time": Corruption(
        ("UPDATE ledger_entries SET recorded_at = now() WHERE log_index = :transfer",),
        "every movement is an act in the log",
    ),
    "an ending claims more": Corruption(
        ("UPDATE endings SET credits = credits + 1 WHERE log_index = :retirement",),
        "every ending is its entries",
    ),
    "an ending is of another account": Corruption(
        ("UPDATE endings SET account_id = 1002 WHERE log_index = :retirement",),
        "every ending is its entries",
    ),
    "a retirement becomes a cancellation": Corruption(
        ("UPDATE endings SET kind = 5 WHERE log_index = :retirement",),
        "every ending is its entries",
    ),
    "an ending is made up": Corruption(
        (
            (
                "INSERT INTO endings SELECT 0, kind, account_id, credits, purpose_code, visibility,"
                " happened_on, commitment, recorded_at FROM endings WHERE log_index = :retirement"
            ),
        ),
        "every ending is its entries",
        frozenset({ERASED}),
    ),
    "an ending is gone": Corruption(
        (
            "DELETE FROM ending_statements WHERE log_index = :retirement",
            "DELETE FROM endings WHERE log_index = :retirement",
        ),
        "what ended is in endings",
    ),
    "a statement is of no ending": Corruption(
        (
            "ALTER TABLE ending_statements DROP CONSTRAINT fk_ending_statements_log_index",
            "UPDATE ending_statements SET log_index = 0 WHERE log_index = :retirement",
        ),
        "endings have a statement or an erased one",
        frozenset({ERASED}),
    ),
    "a salt is of an act that seals nothing": Corruption(
        ("INSERT INTO log_salts VALUES (0, sha256('x'))",),
        "every salt is of an act that seals something",
    ),
    "an opinion says something else": Corruption(
        ("UPDATE validation_opinions SET statement = statement || ' Not.'",), WRITTEN
    ),
    "a salt is another": Corruption(
        (
            (
                "UPDATE log_salts SET salt = sha256('x')"
                " WHERE log_index = (SELECT max(log_index) FROM validation_opinions)"
            ),
        ),
        WRITTEN,
    ),
    "a salt is gone": Corruption(
        ("DELETE FROM log_salts WHERE log_index = (SELECT max(log_index) FROM log_salts)",),
        ERASED,
    ),
    "a statement is gone": Corruption(
        ("DELETE FROM ending_statements WHERE log_index = :retirement",),
        ERASED,
    ),
    "an erased statement is back": Corruption(
        (
            (
                "INSERT INTO ending_statements SELECT (SELECT min(log_index) FROM endings"
                " WHERE kind = 5), salt, beneficiary_name, beneficiary_kind,"
                " beneficiary_identifier, reason FROM ending_statements"
                " WHERE log_index = :retirement"
            ),
        ),
        "what an act erased is gone",
    ),
    # 2 ^ 40 more, so that its peaks are one more, as the table asks, whatever the size was.
    "the head claims more acts": Corruption(
        ("UPDATE log_head SET size = size + (1::bigint << 40), peaks = root || peaks",),
        "the log is dense and ends at its head",
        frozenset({TREE}),
    ),
    "an act is gone": Corruption(
        ("DELETE FROM log_entries WHERE log_index = 3",),
        "the log is dense and ends at its head",
        frozenset({TREE}),
    ),
    "an act was earlier than the one before it": Corruption(
        ("UPDATE log_entries SET recorded_at = '2000-01-01 00:00:00Z' WHERE log_index = 3",),
        "times in the log never run backwards",
    ),
    "an account with credits is closed": Corruption(
        ("UPDATE accounts SET status = 'closed', closed_at = now() WHERE id = 1001",),
        "closed accounts are empty",
    ),
    "an activity skips a step": Corruption(
        ("UPDATE activities SET version = version + 1",),
        "an activity is where its last step took it",
    ),
    "an activity goes back": Corruption(
        ("UPDATE activities SET status = 'submitted'",),
        "an activity is where its last step took it",
    ),
    "an application skips a step": Corruption(
        ("UPDATE applications SET version = version + 1",),
        "an application is where its last step took it",
    ),
    "documents of a party are set aside": Corruption(
        ("UPDATE applications SET is_superseded = true WHERE status = 'admitted'",),
        "the documents that hold of a party are those of its last admitted application",
    ),
    "a renewal becomes one of a developer": Corruption(
        ("UPDATE applications SET party_kind = 'developer' WHERE kind = 'renewal'",),
        "a renewal is of the kind of its party",
    ),
    "a party is closed over an open account": Corruption(
        ("UPDATE parties SET closed_at = now(), status = 'suspended'",),
        "closed parties have no open account",
    ),
    "an issuance names another vintage": Corruption(
        (
            "ALTER TABLE issuance_lines DROP CONSTRAINT fk_issuance_lines_verified",
            "UPDATE issuance_lines SET vintage = vintage + 1",
        ),
        "an issuance is the batches it minted",
    ),
    "an issuance names another buffer": Corruption(
        (
            "ALTER TABLE issuance_lines DROP CONSTRAINT fk_issuance_lines_verified",
            "UPDATE issuance_lines SET buffer_credits = buffer_credits + 1",
        ),
        "an issuance is the batches it minted",
    ),
    "less was verified than issued": Corruption(
        (
            "ALTER TABLE issuance_lines DROP CONSTRAINT fk_issuance_lines_verified",
            "ALTER TABLE issuance_lines DROP CONSTRAINT ck_issuance_lines_rounded_down",
            "UPDATE issuance_lines SET verified_tco2e = credits - 0.000001",
        ),
        "no more is issued than was verified",
    ),
    "credits in transit are of no transfer": Corruption(
        ("UPDATE transfer_proposals SET credits = credits + 1 WHERE state = 'scheduled'",),
        "what lies in transit is what is scheduled",
        frozenset({PROPOSED}),
    ),
    "a transfer that was called back names another number": Corruption(
        ("UPDATE transfer_proposals SET credits = credits + 1 WHERE state = 'aborted'",),
        PROPOSED,
    ),
    "an account's own terms are of no act of its": Corruption(
        ("UPDATE account_terms SET log_index = log_index + 1",),
        "own terms of an account are what it set last",
    ),
    "a frozen account has sent": Corruption(
        ("UPDATE freezes SET frozen_index = 0 WHERE account_id IS NOT NULL",),
        "what is frozen did not move",
        frozenset({ORDERED}),
    ),
    "a freeze was released without an order": Corruption(
        (
            (
                "UPDATE freezes SET released_index = frozen_index + 1, released_at = frozen_at,"
                " released_by = id WHERE released_by IS NULL"
            ),
        ),
        ORDERED,
    ),
    "another proposal was approved than the log says": Corruption(
        ("UPDATE orders SET digest = repeat('0', 64) WHERE action = 'release'",),
        "the digest of an order is of its leaf",
    ),
    "one person did what the rule gives to two": Corruption(
        ("UPDATE rule_values SET value = 'issuance_approval' WHERE key = 'two_person_acts'",),
        "two people did what the rule gives to two",
    ),
    "one person ended that it takes two": Corruption(
        (
            (
                "INSERT INTO rule_values SELECT 'cfg_' || n, NULL, 'two_person_acts', value, NULL,"
                " '2020-01-01', NULL, 'a test', true, 'registry', now(), size - 3 + n"
                " FROM log_head, (VALUES (1, 'role_change'), (2, 'none')) AS r(n, value)"
            ),
        ),
        "two people did what the rule gives to two",
    ),
    "two people issued into another account": Corruption(
        (
            (
                "UPDATE ledger_entries e SET to_account = 1001 FROM order_approvals a"
                " JOIN orders o ON o.id = a.order_id WHERE o.action = 'issuance_approval'"
                " AND e.log_index = a.log_index AND e.to_account <> 2"
            ),
        ),
        "what two people did is what was proposed",
        frozenset({FOLD, CARRY, WHERE}),
    ),
    "what two people decided was decided elsewhere": Corruption(
        ("UPDATE issuances SET meeting = 'another', document_id = NULL",),
        "what two people did is what was proposed",
    ),
    "what two people changed is told of somebody else": Corruption(
        (
            (
                "UPDATE party_events SET user_id = (SELECT min(id) FROM users)"
                " WHERE what = 'user.roles_set'"
            ),
        ),
        "what two people did is what was proposed",
    ),
    "two people proposed another thing than they did": Corruption(
        ("UPDATE orders SET content = replace(content, '48', '49') WHERE content IS NOT NULL",),
        "what two people did is what was proposed",
    ),
    "two people set another value than they proposed": Corruption(
        ("UPDATE rule_values SET value = '49' WHERE key = 'order_hours' AND value = '44'",),
        "what two people did is what was proposed",
    ),
    "roles that two people gave were given to another": Corruption(
        (
            (
                "UPDATE order_approvals a SET log_index = a.log_index - 1 FROM orders o"
                " WHERE o.id = a.order_id AND o.action = 'role_change'"
            ),
        ),
        "what two people did is what was proposed",
    ),
    "a reversal takes another act back": Corruption(
        ("UPDATE reversals SET reverses = reverses - 1",),
        "a reversal takes back what it reverses",
    ),
    "a reversal is kept nowhere": Corruption(
        ("DELETE FROM reversals",), "a reversal takes back what it reverses"
    ),
    "a case was opened before it was approved": Corruption(
        ("UPDATE cases SET opened_at = opened_at - interval '1 day'",), CASE_ORDERED
    ),
    "a case claims more than was issued": Corruption(
        ("UPDATE cases SET credits = 100000",),
        "cases claim no more than was issued",
        frozenset({CASE_ORDERED, OWED}),
    ),
    "a step begins with less than is owed": Corruption(
        (
            (
                "UPDATE case_steps SET owed_before = owed_before - 1, owed_after = owed_after - 1"
                " WHERE kind = 'buffer'"
            ),
        ),
        OWED,
    ),
    "what ended for a case ended for something else": Corruption(
        (
            (
                "UPDATE endings SET purpose_code = 'event'"
                " WHERE log_index IN (SELECT log_index FROM case_steps)"
            ),
        ),
        STEPS,
    ),
    "a step is kept nowhere": Corruption(
        ("DELETE FROM case_steps WHERE kind = 'buffer'",), STEPS, frozenset({CASE_ORDERED})
    ),
    "somebody else's credits were deducted": Corruption(
        (
            (
                "UPDATE accounts SET owner_party_id = (SELECT owner_party_id FROM accounts"
                " WHERE id = 1001) WHERE id IN (SELECT e.from_account FROM case_steps s"
                " JOIN ledger_entries e USING (log_index) WHERE s.kind = 'deduction')"
            ),
        ),
        "a step of a case ends credits that are for it",
    ),
    "a leaf is forged": Corruption((FORGED_LEAF,), TREE),
    "an inner node is forged": Corruption(
        (
            (
                "UPDATE log_entries SET nodes = substring(nodes FROM 1 FOR 32) || sha256('x')"
                " WHERE log_index = 1"
            ),
        ),
        TREE,
    ),
    "the root is forged": Corruption(("UPDATE log_head SET root = sha256('x')",), HEAD),
    "the right edge is forged": Corruption(
        ("UPDATE log_head SET peaks = overlay(peaks PLACING sha256('x') FROM 1)",), HEAD
    ),
}


async def make_world(url: str) -> None:
    """Do a little of everything."""
    engine = make_engine(url, connections_max=4)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    registry = Registry(url, engine, committer)
    holders = await two_holders(registry)
    account, elsewhere = holders.account, holders.elsewhere
    await a_batch(registry, holders.administrator, account, credits_made=100, buffer_credits=10)
    await three_orders(registry, holders)
    await acts_of_two(registry)
    await move(registry, holders.owner, account, elsewhere, named((X, 31, 35), (X, 41, 45)))
    await two_that_wait(registry, holders, ((X, 51, 55), (X, 61, 65)))
    await retire(registry, holders.owner, account, oldest(5))
    cancelled = await retire(
        registry, holders.owner, account, oldest(5), an_ending(EntryKind.CANCELLED)
    )
    forget = ErasePerson((cancelled.log_index,))
    await registry.do(
        holders.administrator, lambda pen: erase_person(pen, holders.administrator, forget)
    )
    ending = an_ending(EntryKind.BUFFER_CANCELLED)
    command = operations.End(2, oldest(3), ending, (ending.purpose_code,))
    approver = holders.approver
    await registry.do(approver, lambda pen: operations.cancel_buffer(pen, approver, command))
    await a_case(registry, holders)
    await a_draft(registry)
    renewal = await a_renewal(registry, holders.owner)
    recommended = await a_recommended(registry, holders.owner, holders.officer, renewal)
    await admitting(registry, approver, recommended)
    await registry.do(
        approver,
        lambda pen: link_identity(pen, approver, issuer="https://id.example", subject="somchai"),
    )
    empty = await an_account(registry, holders.administrator, holders.other)
    await registry.do(
        holders.administrator,
        lambda pen: operations.close_account(
            pen, holders.administrator, empty.id, expected_version=1
        ),
    )
    await committer.stop()
    await engine.dispose()


async def acts_of_two(registry: Registry) -> None:
    """Set a rule, change roles and issue credits by two people."""
    two = await two_of_each(registry)
    report = await a_verified_report(registry, await a_registered_activity(registry))
    day = bangkok_date(now())
    rule = SetRule(None, RuleKey.ORDER_HOURS, "44", day, None, "48 before", is_default=True)
    await two.by_administrators(rule)
    roles = SetRoles(two.auditor.user_id, frozenset({Role.OFFICER}), 1)
    await two.by_administrators(roles)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    await two.approve(await two.propose(command))


async def three_orders(registry: Registry, holders: Holders) -> None:
    """Freeze an account that has sent before, release serials, take a transfer back."""
    officers = Officers(registry, holders.officer, holders.approver)
    error = await move(
        registry, holders.owner, holders.account, holders.elsewhere, named((X, 71, 72), (X, 74, 75))
    )
    await officers.reverse(error.log_index)
    await officers.release(await officers.freeze(Named(batch_prefix=X, first=80, last=81)))
    frozen = await an_account(registry, holders.administrator, holders.other)
    await move(registry, holders.owner, holders.account, frozen, named((X, 77, 78)))
    await officers.freeze_account(frozen)


async def a_case(registry: Registry, holders: Holders) -> None:
    """Have a case made good by its developer, by somebody else, and from the buffer."""
    developer = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=developer)
    issued = await an_issuance(registry, activity)
    assert activity.credit_account_id is not None
    officer, approver = holders.officer, holders.approver

    async def approve(order: Order) -> None:
        approval = ApproveOrder(order.id, order.digest)
        await do(registry, approver, approve_order, approval)

    claim = compensation.ProposeCase(issued.id, CaseKind.REVERSAL, 20, PAPER)
    case = await do(registry, officer, compensation.propose_case, claim)
    await approve(case)
    for actor, account, kind, count in (
        (developer, activity.credit_account_id, StepKind.DEDUCTION, 5),
        (holders.owner, holders.account.id, StepKind.REPLACEMENT, 3),
    ):
        step = compensation.Compensate(case.id, kind, account, oldest(count))
        await do(registry, actor, compensation.compensate, step)
    gift = compensation.ProposeBuffer(case.id, 2, PAPER)
    await approve(await do(registry, officer, compensation.propose_buffer, gift))


async def two_that_wait(
    registry: Registry, holders: Holders, runs: tuple[tuple[str, int, int], ...]
) -> None:
    """Send runs by two people, and call the last one back."""
    await the_calendar(registry)
    party = await party_of(registry, holders.owner)
    approver = await an_actor(registry, party, Role.HOLDER_APPROVER)
    for number, run in enumerate(runs, start=1):
        command = Propose(holders.account.id, holders.elsewhere.id, named(run))
        sent = await do(registry, holders.owner, transfers.propose, command)
        approval = Approve(sent.id, sent.digest)
        await do(registry, approver, transfers.approve, approval)
        if number == len(runs):
            await do(registry, approver, transfers.abort, sent.id)
    await registry.do(
        approver,
        lambda pen: operations.set_acceptance(pen, approver, holders.account.id, asks=True),
    )


@pytest.fixture(scope="module")
def world(server: Server) -> Iterator[str]:
    """The address of a register in which a little of everything was done."""
    name = f"registry_corrupt_{os.getpid()}"
    asyncio.run(server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}"))
    url = server.url(name)
    asyncio.run(make_world(url))
    yield url
    asyncio.run(server.run(f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def owning(url: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction with every right and no guard; it is taken back."""
    engine = make_engine(url, connections_max=1, role=None)
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            for table in GUARDED:
                await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            yield connection
            await transaction.rollback()
    finally:
        await engine.dispose()


async def broken(connection: AsyncConnection) -> set[str]:
    return {violation.invariant for violation in await invariants.check(connection)}


async def places(connection: AsyncConnection) -> dict[str, int]:
    """Find what corruptions speak of: a batch, a transfer in several runs, a retirement."""
    (row,) = await rows_of(
        connection,
        "SELECT (SELECT id FROM batches WHERE programme_code = 'XX') AS batch,"
        " (SELECT max(log_index) FROM ledger_entries WHERE kind = 3) AS transfer,"
        " (SELECT max(log_index) FROM endings WHERE kind = 4) AS retirement",
    )
    return row


async def test_nothing_is_wrong_with_the_register_that_is_corrupted(world: str) -> None:
    """Or the tests below would show nothing."""
    async with owning(world) as connection:
        assert await invariants.check(connection) == []


@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_a_corruption_is_noticed(world: str, name: str) -> None:
    corruption = CORRUPTIONS[name]
    async with owning(world) as connection:
        known = await places(connection)
        for statement in corruption.done:
            asked = {name: value for name, value in known.items() if f":{name}" in statement}
            await connection.execute(text(statement), asked)
        assert await broken(connection) == {corruption.target, *corruption.beside}


def test_every_invariant_can_fail() -> None:
    assert {corruption.target for corruption in CORRUPTIONS.values()} == {*STATEMENTS, TREE, HEAD}


async def test_a_violation_shows_what_should_not_be_there(world: str) -> None:
    """Where to look, but not millions of rows."""
    async with owning(world) as connection:
        await connection.execute(
            text("UPDATE log_entries SET recorded_at = recorded_at - log_index * interval '1 day'")
        )
        found = [
            violation
            for violation in await invariants.check(connection)
            if violation.invariant == "times in the log never run backwards"
        ]
    assert len(found) == VIOLATIONS_SHOWN_MAX
    assert all(violation.example.startswith("log_index=") for violation in found)


async def test_a_tree_is_rebuilt_a_piece_at_a_time(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the log, few leaves are held at once."""
    monkeypatch.setattr(audit, "LEAVES_PER_READ", 7)
    async with owning(world) as connection:
        assert await invariants.check(connection) == []
        await connection.execute(
            text("DELETE FROM log_entries WHERE log_index >= (SELECT size - 2 FROM log_head)")
        )
        assert TREE in await broken(connection)

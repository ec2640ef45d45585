"""
What must hold of the register at any moment: statements that must return no row, and the tree
rebuilt.

Run by `registry check`, and after every test that writes. Each statement reads whole tables; it is
an audit, not part of any request.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import rows_of
from app.registry.log import audit
from app.registry.log import store as log_store
from app.registry.log.audit import TreeBrokenError
from app.registry.log.merkle import Frontier

VIOLATIONS_SHOWN_MAX: Final = 20  # Enough to see the pattern; a broken table would print millions.

STATEMENTS: Final[dict[str, str]] = {
    "batches begin with serial 1": """
        SELECT t.id AS batch_id FROM batches t
         WHERE NOT EXISTS (SELECT FROM blocks b WHERE b.batch_id = t.id AND b.first_serial = 1)""",
    "blocks lie within their batch": """
        SELECT b.batch_id, b.first_serial FROM blocks b LEFT JOIN batches t ON t.id = b.batch_id
         WHERE t.id IS NULL OR b.first_serial > t.credits""",
    "balances are the sums of blocks": """
        WITH held AS (
            SELECT account_id, batch_id, sum(last_serial - first_serial + 1) AS credits FROM (
                SELECT b.account_id, b.batch_id, b.first_serial,
                       coalesce(lead(b.first_serial) OVER (
                           PARTITION BY b.batch_id ORDER BY b.first_serial) - 1,
                           t.credits) AS last_serial
                  FROM blocks b JOIN batches t ON t.id = b.batch_id) AS runs
             GROUP BY account_id, batch_id)
        SELECT account_id, batch_id, s.credits AS balance, h.credits AS in_blocks
          FROM held h FULL JOIN balances s USING (account_id, batch_id)
         WHERE account_id <> 1 AND coalesce(s.credits, 0) <> coalesce(h.credits, 0)""",
    "balances are the fold of entries": """
        WITH moved AS (
            SELECT account_id, batch_id, sum(credits) AS credits FROM (
                SELECT to_account AS account_id, batch_id, last_serial - first_serial + 1 AS credits
                  FROM ledger_entries
                UNION ALL
                SELECT from_account, batch_id, -(last_serial - first_serial + 1)
                  FROM ledger_entries) AS sides
             GROUP BY account_id, batch_id)
        SELECT account_id, batch_id, s.credits AS balance, m.credits AS in_entries
          FROM moved m FULL JOIN balances s USING (account_id, batch_id)
         WHERE coalesce(s.credits, 0) <> coalesce(m.credits, 0)""",
    "each batch sums to nothing over all accounts": """
        SELECT batch_id, sum(credits) AS sum FROM balances
         GROUP BY batch_id HAVING sum(credits) <> 0""",
    "what a batch has is what the source gave": """
        SELECT t.id AS batch_id, t.credits, s.credits AS source FROM batches t
          LEFT JOIN balances s ON s.batch_id = t.id AND s.account_id = 1
         WHERE s.credits IS DISTINCT FROM -t.credits""",
    "entries carry the balances before and after": """
        WITH sides AS (
            SELECT log_index, line, to_account AS account_id, batch_id, to_balance AS balance,
                   to_total AS total, last_serial - first_serial + 1 AS credits FROM ledger_entries
            UNION ALL
            SELECT log_index, line, from_account, batch_id, from_balance, from_total,
                   -(last_serial - first_serial + 1) FROM ledger_entries),
        chained AS (
            SELECT *, coalesce(lag(balance) OVER (
                          PARTITION BY account_id, batch_id ORDER BY log_index, line), 0)
                          AS balance_before,
                      coalesce(lag(total) OVER (
                          PARTITION BY account_id ORDER BY log_index, line), 0) AS total_before
              FROM sides)
        SELECT log_index, line, account_id FROM chained
         WHERE balance_before + credits <> balance OR total_before + credits <> total""",
    "blocks are where their last movement took them": """
        SELECT b.batch_id, b.first_serial, b.account_id FROM blocks b
         WHERE NOT EXISTS (
            SELECT FROM ledger_entries e
             WHERE e.log_index = b.log_index AND e.batch_id = b.batch_id
               AND e.to_account = b.account_id
               AND b.first_serial BETWEEN e.first_serial AND e.last_serial)""",
    "a movement continues the one before it": """
        SELECT e.log_index, e.line FROM ledger_entries e
         WHERE e.previous_log_index IS NOT NULL AND NOT EXISTS (
            SELECT FROM ledger_entries p
             WHERE p.log_index = e.previous_log_index AND p.batch_id = e.batch_id
               AND p.to_account = e.from_account
               AND p.first_serial <= e.first_serial AND p.last_serial >= e.last_serial)""",
    "no serial is moved twice by one movement": """
        SELECT a.log_index, a.line FROM ledger_entries a JOIN ledger_entries b
            ON a.log_index = b.log_index AND a.line < b.line AND a.batch_id = b.batch_id
           AND a.first_serial <= b.last_serial AND b.first_serial <= a.last_serial""",
    "every movement is an act in the log": """
        SELECT e.log_index FROM ledger_entries e
          LEFT JOIN log_entries l ON l.log_index = e.log_index
         WHERE l.log_index IS NULL OR l.recorded_at <> e.recorded_at
            OR (e.kind IN (1, 2, 3, 4, 5, 6, 9, 10, 11, 12) AND l.kind NOT LIKE 'credits.%')
            OR (e.kind IN (7, 8) AND l.kind NOT LIKE 'buffer.%')""",
    "what lies in transit is what is scheduled": """
        WITH held AS (
            SELECT log_index, sum(last_serial - first_serial + 1) AS credits FROM (
                SELECT b.log_index, b.account_id, b.first_serial,
                       coalesce((SELECT n.first_serial - 1 FROM blocks n
                                  WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
                                  ORDER BY n.first_serial LIMIT 1), t.credits) AS last_serial
                  FROM blocks b JOIN batches t ON t.id = b.batch_id
                 WHERE b.account_id = 3) AS runs
             GROUP BY log_index)
        SELECT coalesce(h.log_index, p.sent_index) AS sent_index, h.credits AS held, p.credits
          FROM held h FULL JOIN (SELECT sent_index, credits FROM transfer_proposals
                                  WHERE state = 'scheduled') AS p ON p.sent_index = h.log_index
         WHERE h.credits IS DISTINCT FROM p.credits""",
    "a proposed transfer is its movements": """
        WITH steps AS (
            SELECT id, credits, sent_index AS log_index, 9 AS kind, from_account, 3 AS to_account
              FROM transfer_proposals WHERE sent_index IS NOT NULL
            UNION ALL
            SELECT id, credits, ended_index, 10, 3, to_account
              FROM transfer_proposals WHERE state = 'delivered'
            UNION ALL
            SELECT id, credits, ended_index, 11, 3, from_account
              FROM transfer_proposals WHERE state IN ('aborted', 'returned'))
        SELECT s.id, coalesce(s.log_index, e.log_index) AS log_index
          FROM steps s FULL JOIN (
                SELECT log_index, kind, from_account, to_account,
                       sum(last_serial - first_serial + 1) AS credits
                  FROM ledger_entries WHERE kind IN (9, 10, 11)
                 GROUP BY log_index, kind, from_account, to_account) AS e
            ON e.log_index = s.log_index AND e.kind = s.kind
           AND e.from_account = s.from_account AND e.to_account = s.to_account
         WHERE e.credits IS DISTINCT FROM s.credits""",
    "own terms of an account are what it set last": """
        WITH steps AS (
            SELECT max(log_index) AS log_index FROM log_entries
             WHERE kind IN ('account.acceptance_set', 'account.limits_set') GROUP BY subject)
        SELECT t.account_id, s.log_index FROM account_terms t FULL JOIN steps s USING (log_index)
         WHERE t.account_id IS NULL OR s.log_index IS NULL""",
    # What comes back (11, out of transit, and 12, by a reversal) comes back to be frozen.
    "what is frozen did not move": """
        SELECT e.log_index, e.line, f.id FROM freezes f
          JOIN ledger_entries e ON e.log_index > f.frozen_index
           AND e.log_index < coalesce(f.released_index, 9223372036854775807)
           AND (f.account_id IN (e.from_account, e.to_account)
                OR (f.batch_id = e.batch_id AND f.first_serial <= e.last_serial
                    AND f.last_serial >= e.first_serial))
         WHERE e.kind NOT IN (11, 12)
            OR (e.kind = 11 AND EXISTS (SELECT FROM transfer_proposals p
                                         WHERE p.ended_index = e.log_index AND p.state = 'aborted'
                                           AND (f.account_id IS NULL
                                                OR f.account_id = p.from_account)))""",
    "a freeze is what two officers ordered": """
        SELECT f.id FROM freezes f
         WHERE NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                            WHERE o.id = f.id AND o.action = 'freeze'
                              AND a.log_index = f.frozen_index AND a.approved_at = f.frozen_at)
            OR (f.released_by IS NOT NULL
                AND NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                                 WHERE o.id = f.released_by AND o.freeze_id = f.id
                                   AND a.log_index = f.released_index))
        UNION ALL
        SELECT o.id FROM orders o JOIN order_approvals a ON a.order_id = o.id
          LEFT JOIN freezes f ON f.id = coalesce(o.freeze_id, o.id)
         WHERE o.action IN ('freeze', 'release')
           AND a.log_index IS DISTINCT FROM
               CASE o.action WHEN 'freeze' THEN f.frozen_index ELSE f.released_index END""",
    "the digest of an order is of its leaf": """
        SELECT o.id FROM orders o LEFT JOIN log_entries l USING (log_index)
         WHERE encode(sha256(l.leaf), 'hex') IS DISTINCT FROM o.digest""",
    "a reversal takes back what it reverses": """
        WITH taken AS (
            SELECT r.log_index, e.batch_id, e.first_serial, e.last_serial,
                   e.to_account AS holder, CASE e.kind WHEN 10 THEN s.from_account
                                           ELSE e.from_account END AS origin, e.log_index AS by
              FROM reversals r JOIN ledger_entries e ON e.log_index = r.reverses
              LEFT JOIN ledger_entries s ON e.kind = 10 AND s.log_index = e.previous_log_index
               AND s.batch_id = e.batch_id AND e.first_serial BETWEEN s.first_serial
               AND s.last_serial
             WHERE e.kind IN (3, 10))
        SELECT coalesce(t.log_index, b.log_index) AS log_index
          FROM taken t FULL JOIN (SELECT * FROM ledger_entries WHERE kind = 12) AS b
            ON b.log_index = t.log_index AND b.batch_id = t.batch_id
           AND b.first_serial = t.first_serial AND b.last_serial = t.last_serial
           AND b.from_account = t.holder AND b.to_account = t.origin
           AND b.previous_log_index = t.by
         WHERE t.log_index IS NULL OR b.log_index IS NULL
        UNION ALL
        SELECT r.log_index FROM reversals r
         WHERE NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                            WHERE o.id = r.order_id AND o.act = r.reverses
                              AND a.log_index = r.log_index)
            OR NOT EXISTS (SELECT FROM ledger_entries e
                            WHERE e.log_index = r.log_index AND e.kind = 12)""",
    "every ending is its entries": """
        SELECT x.log_index FROM endings x
          LEFT JOIN (SELECT log_index, min(kind) AS kind, max(kind) AS kind_max,
                            min(from_account) AS account_id,
                            sum(last_serial - first_serial + 1) AS credits
                       FROM ledger_entries GROUP BY log_index) AS e USING (log_index)
         WHERE e.kind IS DISTINCT FROM x.kind OR e.kind_max <> e.kind
            OR e.account_id <> x.account_id OR e.credits <> x.credits""",
    "what ended is in endings": """
        SELECT DISTINCT e.log_index FROM ledger_entries e
          LEFT JOIN endings x USING (log_index)
         WHERE e.to_account IN (4, 5) AND x.log_index IS NULL""",
    "endings have a statement or an erased one": """
        SELECT s.log_index FROM ending_statements s LEFT JOIN endings x USING (log_index)
         WHERE x.log_index IS NULL""",
    # Leaves are searched as they are, not parsed: one that was forged must not stop the audit.
    "every salt is of an act that seals something": """
        SELECT s.log_index FROM log_salts s LEFT JOIN log_entries l USING (log_index)
         WHERE (position('_commitment":"'::bytea IN l.leaf) > 0) IS NOT TRUE""",
    "what people wrote is what the log commits to": """
        WITH written AS (
            SELECT log_index, 'reason' AS name, reason AS words FROM activity_events
             UNION ALL SELECT log_index, 'reason', reason FROM report_events
             UNION ALL SELECT log_index, 'reason', reason FROM issuances
             UNION ALL SELECT log_index, 'reason', reason FROM verification_reviews
             UNION ALL SELECT log_index, 'reason', reason FROM application_events
             UNION ALL SELECT log_index, 'reason', reason FROM orders
             UNION ALL SELECT log_index, 'content', content FROM application_contents
             UNION ALL SELECT log_index, 'statement', statement FROM validation_opinions)
        SELECT w.log_index, w.name FROM written w
          JOIN log_salts s USING (log_index) JOIN log_entries l USING (log_index)
         WHERE w.words IS NOT NULL AND position(convert_to(format('"%s_commitment":"%s"', w.name,
                   encode(sha256(s.salt || convert_to(w.words, 'UTF8')), 'hex')), 'UTF8')
                   IN l.leaf) = 0""",
    "nothing is erased without an act": """
        SELECT l.log_index FROM log_entries l
         WHERE position('_commitment":"'::bytea IN l.leaf) > 0
           AND NOT EXISTS (SELECT FROM log_salts s WHERE s.log_index = l.log_index)
           AND l.log_index NOT IN (SELECT log_index FROM erased_acts)
        UNION ALL
        SELECT x.log_index FROM endings x
         WHERE NOT EXISTS (SELECT FROM ending_statements s WHERE s.log_index = x.log_index)
           AND x.log_index NOT IN (SELECT log_index FROM erased_acts)""",
    "what an act erased is gone": """
        SELECT log_index FROM erased_acts JOIN log_salts USING (log_index)
        UNION ALL
        SELECT log_index FROM erased_acts JOIN erasable_words USING (log_index)""",
    "the log is dense and ends at its head": """
        SELECT h.size, count(l.log_index) AS entries, max(l.log_index) AS last FROM log_head h
          LEFT JOIN log_entries l ON true GROUP BY h.size
        HAVING count(l.log_index) <> h.size OR coalesce(max(l.log_index), -1) <> h.size - 1""",
    "times in the log never run backwards": """
        SELECT log_index FROM (
            SELECT log_index, recorded_at, lag(recorded_at) OVER (ORDER BY log_index) AS before
              FROM log_entries) AS l WHERE recorded_at < before""",
    "closed accounts are empty": """
        SELECT a.id, s.batch_id FROM accounts a JOIN balances s ON s.account_id = a.id
         WHERE a.status = 'closed' AND s.credits <> 0""",
    "closed parties have no open account": """
        SELECT p.id, a.id AS account FROM parties p JOIN accounts a ON a.owner_party_id = p.id
         WHERE p.closed_at IS NOT NULL AND a.status = 'open'""",
    "an activity is where its last step took it": """
        SELECT a.id FROM activities a
          LEFT JOIN LATERAL (SELECT e.to_status, count(*) OVER () AS steps FROM activity_events e
                              WHERE e.activity_id = a.id ORDER BY e.log_index DESC LIMIT 1) AS last
            ON true
         WHERE a.status IS DISTINCT FROM last.to_status OR a.version <> last.steps""",
    "an application is where its last step took it": """
        SELECT a.id FROM applications a
          LEFT JOIN LATERAL (SELECT e.to_status, count(*) OVER () AS steps FROM application_events e
                              WHERE e.application_id = a.id ORDER BY e.log_index DESC LIMIT 1)
            AS last ON true
         WHERE a.status IS DISTINCT FROM last.to_status OR a.version <> last.steps""",
    "an issuance is the batches it minted": """
        SELECT i.batch_id FROM issuance_lines i JOIN batches t ON t.id = i.batch_id
         WHERE t.credits <> i.credits OR t.vintage <> i.vintage
            OR i.buffer_credits <> (
                SELECT coalesce(sum(e.last_serial - e.first_serial + 1), 0) FROM ledger_entries e
                 WHERE e.batch_id = t.id AND e.kind = 2)""",
    "no more is issued than was verified": """
        SELECT r.activity_id, i.vintage FROM issuance_lines i
          JOIN issuances d ON d.id = i.issuance_id JOIN monitoring_reports r ON r.id = d.report_id
         GROUP BY r.activity_id, i.vintage HAVING sum(i.credits) > floor(sum(i.verified_tco2e))""",
    "it is not kept from where the erased came": """
        SELECT r.id FROM users u JOIN access_records r ON coalesce(r.by, r.about) = u.id
         WHERE u.email IS NULL AND r.network IS NOT NULL""",
    "a passkey was added by an act": """
        SELECT p.id FROM passkeys p WHERE NOT EXISTS (
            SELECT FROM party_events e WHERE e.user_id = p.user_id
               AND e.what = 'user.passkey_added' AND e.recorded_at = p.created_at)""",
}

_WHICH_ARE_BROKEN: Final = " UNION ALL ".join(
    f"SELECT '{name}' AS name WHERE EXISTS ({statement})" for name, statement in STATEMENTS.items()
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be, and is."""

    invariant: str
    example: str  # the row that should not be there, or what differs


async def check(connection: AsyncConnection) -> list[Violation]:
    """
    Check everything that must hold.

    Returns:
        What does not hold, at most twenty examples of each; empty when all is well.
    """
    found: list[Violation] = []
    for name in await list_broken(connection):
        rows = await rows_of(connection, f"{STATEMENTS[name]} LIMIT {VIOLATIONS_SHOWN_MAX}")
        found += [Violation(name, ", ".join(f"{k}={v}" for k, v in row.items())) for row in rows]
    found += [violation async for violation in _rebuild_tree(connection)]
    return found


async def list_broken(connection: AsyncConnection) -> list[str]:
    """Return the names of the statements that find something, in one round trip."""
    return [row["name"] for row in await rows_of(connection, _WHICH_ARE_BROKEN)]


async def _rebuild_tree(connection: AsyncConnection) -> AsyncIterator[Violation]:
    """Rebuild the Merkle tree from the stored bytes and compare every node, and the head."""
    head = await log_store.get_head(connection)
    frontier = Frontier()
    try:
        await audit.rebuild(connection, frontier, until=head.size)
    except TreeBrokenError as broken:
        yield Violation("the tree is built from the stored leaves", str(broken))
        return
    if b"".join(frontier.peaks) != head.peaks or frontier.root() != head.root:
        yield Violation("the head is the root of the stored leaves", f"size {head.size}")

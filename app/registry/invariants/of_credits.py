"""What must hold of credits: where they are, how they came there, and what was minted or ended."""

from typing import Final

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
    "sums by year, programme and province are the fold of entries": """
        WITH moved AS (
            SELECT date_part('year', recorded_at AT TIME ZONE 'Asia/Bangkok')::int AS year,
                   batch_id, p.account_id, p.credits
              FROM ledger_entries e CROSS JOIN LATERAL (VALUES
                       (e.to_account, e.last_serial - e.first_serial + 1),
                       (e.from_account, e.first_serial - e.last_serial - 1))
                   AS p(account_id, credits)),
        folded AS (
            SELECT year, programme_code, coalesce(province_code, '') AS province_code,
                   CASE WHEN account_id > 1000 THEN 0 ELSE account_id END AS account_id,
                   sum(m.credits) AS credits
              FROM moved m JOIN batches t ON t.id = m.batch_id GROUP BY 1, 2, 3, 4)
        SELECT year, programme_code, province_code, account_id, s.credits AS sum,
               f.credits AS in_entries
          FROM folded f FULL JOIN ledger_sums s
               USING (year, programme_code, province_code, account_id)
         WHERE coalesce(s.credits, 0) <> coalesce(f.credits, 0)""",
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
    "closed accounts are empty": """
        SELECT a.id, s.batch_id FROM accounts a JOIN balances s ON s.account_id = a.id
         WHERE a.status = 'closed' AND s.credits <> 0""",
    "closed parties have no open account": """
        SELECT p.id, a.id AS account FROM parties p JOIN accounts a ON a.owner_party_id = p.id
         WHERE p.closed_at IS NOT NULL AND a.status = 'open'""",
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
}

"""What must hold of what two people of TGO decide."""

from typing import Final

STATEMENTS: Final[dict[str, str]] = {
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
    # What an order says is compared as the text that it is: the log has the same.
    "what two people did is what was proposed": """
        SELECT o.id FROM orders o JOIN log_entries l USING (log_index)
         WHERE o.content IS NOT NULL
           AND position(convert_to('"content":' || o.content, 'UTF8') IN l.leaf) = 0
        UNION ALL
        SELECT o.id FROM orders o JOIN order_approvals a ON a.order_id = o.id
          LEFT JOIN log_entries l ON l.log_index = a.log_index
          CROSS JOIN LATERAL (SELECT o.content::json AS said) AS c
         WHERE o.content IS NOT NULL AND CASE o.action
               WHEN 'issuance_approval' THEN NOT EXISTS (
                    SELECT FROM issuances i WHERE i.log_index = a.log_index AND i.approved
                       AND (i.report_id, i.decided_on, i.document_id, i.meeting, i.reason)
                           IS NOT DISTINCT FROM (said ->> 'report_id',
                               (said ->> 'decided_on')::date, said ->> 'decision_document_id',
                               said ->> 'meeting', NULL)
                       AND position(convert_to('"lines":' || (said -> 'lines'), 'UTF8')
                                    IN l.leaf) > 0)
                    OR EXISTS (
                    SELECT FROM ledger_entries e WHERE e.log_index = a.log_index
                       AND e.to_account NOT IN (2, split_part(said ->> 'account', '-', 2)::bigint))
               WHEN 'role_change' THEN l.subject IS DISTINCT FROM said ->> 'user_id'
                    OR l.kind <> 'user.roles_set'
                    OR position(convert_to('"roles":' || (said -> 'roles'), 'UTF8') IN l.leaf) = 0
                    OR NOT EXISTS (
                    SELECT FROM party_events e
                     WHERE (e.log_index, e.what, e.user_id) = (a.log_index, l.kind, l.subject))
               ELSE NOT EXISTS (
                    SELECT FROM rule_values r WHERE r.log_index = a.log_index
                       AND (r.programme_code, r.key, r.value, r.unit, r.valid_from, r.valid_to,
                            r.source, r.is_default)
                           IS NOT DISTINCT FROM (said ->> 'programme', said ->> 'key',
                               said ->> 'value', said ->> 'unit', (said ->> 'valid_from')::date,
                               (said ->> 'valid_to')::date, said ->> 'source',
                               (said ->> 'is_default')::boolean))
               END""",
    # The rule as it was before the act, on its day: what is set later changes nothing of it.
    "two people did what the rule gives to two": """
        SELECT done.log_index, done.action FROM (
            SELECT log_index, 'issuance_approval' AS action, false AS of_itself
              FROM issuances WHERE approved
            UNION ALL
            SELECT log_index, 'role_change', false FROM party_events WHERE what = 'user.roles_set'
            UNION ALL
            SELECT log_index, 'rule_change', key = 'two_person_acts' FROM rule_values) AS done
          JOIN log_entries l ON l.log_index = done.log_index
         CROSS JOIN LATERAL (
            SELECT string_to_array(r.value, ',') AS acts FROM rule_values r
             WHERE r.key = 'two_person_acts' AND r.programme_code IS NULL
               AND r.log_index < done.log_index
               AND (l.recorded_at AT TIME ZONE 'Asia/Bangkok')::date
                   BETWEEN r.valid_from AND coalesce(r.valid_to, 'infinity')
             ORDER BY r.valid_from DESC, r.id DESC LIMIT 1) AS named
         WHERE (done.action = ANY (acts) OR (of_itself
                AND acts && ARRAY['issuance_approval', 'role_change', 'rule_change']))
           AND NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                            WHERE a.log_index = done.log_index AND o.action = done.action)""",
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
    "a case is what two officers ordered": """
        WITH approved AS (
            SELECT o.*, a.log_index AS index, a.approved_at
              FROM orders o JOIN order_approvals a ON a.order_id = o.id)
        SELECT coalesce(o.id, c.id) AS id
          FROM (SELECT * FROM approved WHERE action = 'case') AS o FULL JOIN cases c
            ON (o.id, o.issuance_id, o.case_kind, o.credits, o.index, o.approved_at)
             = (c.id, c.issuance_id, c.kind, c.credits, c.log_index, c.opened_at)
         WHERE o.id IS NULL OR c.id IS NULL
        UNION ALL
        SELECT coalesce(o.id, s.order_id)
          FROM (SELECT * FROM approved WHERE action = 'buffer') AS o
          FULL JOIN (SELECT * FROM case_steps WHERE kind = 'buffer') AS s
            ON (o.id, o.case_id, o.credits, o.index, o.approved_at)
             = (s.order_id, s.case_id, s.credits, s.log_index, s.recorded_at)
         WHERE o.id IS NULL OR s.order_id IS NULL""",
    "cases claim no more than was issued": """
        SELECT c.issuance_id, sum(c.credits) AS claimed FROM cases c
         GROUP BY c.issuance_id
        HAVING sum(c.credits) > (SELECT coalesce(sum(l.credits), 0) FROM issuance_lines l
                                  WHERE l.issuance_id = c.issuance_id)""",
    "a case owes what its steps have left": """
        SELECT case_id, log_index FROM (
            SELECT s.*, coalesce(lag(s.owed_after) OVER (
                       PARTITION BY s.case_id ORDER BY s.log_index), c.credits) AS owed
              FROM case_steps s JOIN cases c ON c.id = s.case_id) AS chained
         WHERE owed_before <> owed""",
    "a step of a case is credits that ended": """
        SELECT coalesce(s.log_index, l.log_index) AS log_index
          FROM case_steps s
          FULL JOIN (SELECT log_index, kind FROM log_entries
                      WHERE kind IN ('credits.deducted', 'credits.replaced', 'buffer.compensated'))
            AS l ON l.log_index = s.log_index
          LEFT JOIN cases c ON c.id = s.case_id
          LEFT JOIN endings x ON x.log_index = s.log_index
         WHERE l.kind IS DISTINCT FROM CASE s.kind WHEN 'deduction' THEN 'credits.deducted'
                                                   WHEN 'replacement' THEN 'credits.replaced'
                                                   WHEN 'buffer' THEN 'buffer.compensated' END
            OR x.kind IS DISTINCT FROM CASE s.kind WHEN 'buffer' THEN 8 ELSE 5 END
            OR x.credits IS DISTINCT FROM s.credits OR x.purpose_code IS DISTINCT FROM c.kind""",
    "a step of a case ends credits that are for it": """
        SELECT s.log_index, e.line FROM case_steps s
          JOIN cases c ON c.id = s.case_id JOIN issuances i ON i.id = c.issuance_id
          JOIN activities v ON v.id = i.activity_id
          JOIN ledger_entries e ON e.log_index = s.log_index
          LEFT JOIN issuance_lines l ON l.batch_id = e.batch_id AND l.issuance_id = c.issuance_id
          LEFT JOIN accounts a ON a.id = e.from_account
         WHERE CASE s.kind
               WHEN 'deduction' THEN l.batch_id IS NULL
                                  OR a.owner_party_id IS DISTINCT FROM v.owner_party_id
               WHEN 'replacement' THEN l.batch_id IS NOT NULL
               ELSE e.from_account <> 2 END""",
}

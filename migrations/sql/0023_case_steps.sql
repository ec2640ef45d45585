-- Steps of cases are held to the acts they name, at the end of the commit in which these are written; and what is owed is
-- read off the last step instead of being summed over all of them.

-- As in 0016, but for two things: what is owed is the last step's word, and a step comes after all others of its case.
CREATE OR REPLACE FUNCTION case_steps_follow() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    last_index bigint;
    owed bigint;
BEGIN
    SELECT coalesce(s.log_index, c.log_index), coalesce(s.owed_after, c.credits) INTO last_index, owed
      FROM cases c
      LEFT JOIN LATERAL (SELECT log_index, owed_after FROM case_steps
                          WHERE case_id = c.id ORDER BY case_id DESC, log_index DESC LIMIT 1) s ON true
     WHERE c.id = NEW.case_id;
    IF NEW.owed_before IS DISTINCT FROM owed OR NEW.log_index <= last_index THEN
        RAISE EXCEPTION 'a step begins with what is owed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'case_steps_follow';
    END IF;
    IF NEW.kind = 'buffer'
       AND NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                         JOIN cases c ON c.id = o.case_id
                        WHERE o.id = NEW.order_id AND o.action = 'buffer' AND a.log_index = NEW.log_index
                          AND (o.case_id, o.credits) = (NEW.case_id, NEW.credits) AND c.kind = 'reversal') THEN
        RAISE EXCEPTION 'the buffer gives what two officers approved'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'buffer_follows_orders';
    END IF;
    RETURN NEW;
END
$$;

-- The act of a step has its kind, says its case and what that owes then, and ends as many credits for the case's purpose:
-- of the issuance and out of its developer's account (a deduction), of none of it (a replacement), or out of the buffer.
CREATE FUNCTION case_steps_are_their_acts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
           SELECT FROM cases c JOIN endings x ON x.log_index = NEW.log_index
             JOIN log_entries l ON l.log_index = x.log_index
             JOIN (VALUES ('deduction', 5, 'credits.deducted'), ('replacement', 5, 'credits.replaced'),
                          ('buffer', 8, 'buffer.compensated')) AS act (step, ending, leaf)
               ON (act.ending, act.leaf) = (x.kind, l.kind)
            CROSS JOIN LATERAL (SELECT convert_from(l.leaf, 'UTF8')::json -> 'data' AS data) said
            WHERE c.id = NEW.case_id AND act.step = NEW.kind
              AND (x.credits, x.purpose_code) = (NEW.credits, c.kind)
              AND (said.data ->> 'case', said.data ->> 'owed') = (NEW.case_id, NEW.owed_after::text))
       OR NEW.credits IS DISTINCT FROM (SELECT sum(e.last_serial - e.first_serial + 1) FROM ledger_entries e
                                         WHERE e.log_index = NEW.log_index)
       OR EXISTS (
           SELECT FROM cases c JOIN issuances i ON i.id = c.issuance_id JOIN activities v ON v.id = i.activity_id
             JOIN ledger_entries e ON e.log_index = NEW.log_index
             LEFT JOIN issuance_lines o ON o.batch_id = e.batch_id AND o.issuance_id = c.issuance_id
             LEFT JOIN accounts a ON a.id = e.from_account
            WHERE c.id = NEW.case_id
              AND CASE NEW.kind
                  WHEN 'deduction' THEN o.batch_id IS NULL OR a.owner_party_id IS DISTINCT FROM v.owner_party_id
                  WHEN 'replacement' THEN o.batch_id IS NOT NULL
                  ELSE e.from_account <> 2 END) THEN
        RAISE EXCEPTION 'a step is what its act did'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'case_steps_are_their_acts';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER case_steps_are_their_acts AFTER INSERT ON case_steps
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION case_steps_are_their_acts();

REVOKE EXECUTE ON FUNCTION case_steps_are_their_acts FROM PUBLIC;

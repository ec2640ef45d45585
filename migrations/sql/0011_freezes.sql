-- Orders of the authority, by two officers with a document: freezes, their release, and reversals of errors. What is
-- frozen does not move, and an act is reversed once.

GRANT SELECT, INSERT ON orders, order_approvals, reversals TO registry_app;
GRANT SELECT, INSERT, UPDATE ON freezes TO registry_app;
GRANT SELECT ON orders, order_approvals, reversals, freezes TO registry_reader;

-- ---------------------------------------------------------------- guards of history

DO $$
DECLARE
    name text;
BEGIN
    CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON orders
        FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure('reason');
    CREATE CONSTRAINT TRIGGER erased_by_an_act AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION require_erasure();
    ALTER TABLE orders ENABLE ALWAYS TRIGGER erased_by_an_act;
    FOREACH name IN ARRAY ARRAY['order_approvals', 'reversals'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['orders', 'order_approvals', 'reversals'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_not_emptied', name);
    END LOOP;
END
$$;

CREATE TRIGGER words_are_given BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.reason IS NULL) EXECUTE FUNCTION refuse_wordless();

-- A freeze is what two officers approved, and is only released, once, by what two officers approved.
CREATE FUNCTION freezes_follow_orders() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.account_id, NEW.batch_id, NEW.first_serial, NEW.last_serial, NEW.frozen_at, NEW.frozen_index)
           IS DISTINCT FROM
           (OLD.id, OLD.account_id, OLD.batch_id, OLD.first_serial, OLD.last_serial, OLD.frozen_at, OLD.frozen_index)
           OR OLD.released_at IS NOT NULL THEN
            RAISE EXCEPTION 'a freeze only goes on'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'freezes_follow_orders';
        END IF;
    END IF;
    IF NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                    WHERE o.id = NEW.id AND o.action = 'freeze'
                      AND (o.account_id, o.batch_id, o.first_serial, o.last_serial)
                          IS NOT DISTINCT FROM (NEW.account_id, NEW.batch_id, NEW.first_serial, NEW.last_serial)
                      AND a.log_index = NEW.frozen_index)
       OR (NEW.released_by IS NOT NULL
           AND NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                            WHERE o.id = NEW.released_by AND o.action = 'release' AND o.freeze_id = NEW.id
                              AND a.log_index = NEW.released_index)) THEN
        RAISE EXCEPTION 'a freeze is what two officers approved'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'freezes_follow_orders';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER freezes_follow_orders BEFORE INSERT OR UPDATE ON freezes
    FOR EACH ROW EXECUTE FUNCTION freezes_follow_orders();
CREATE TRIGGER nothing_is_removed BEFORE DELETE ON freezes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nothing_is_emptied BEFORE TRUNCATE ON freezes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION frozen_accounts_stay_open() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM freezes WHERE account_id = NEW.id AND released_at IS NULL) THEN
        RAISE EXCEPTION 'a frozen account is not closed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'frozen_accounts_stay_open';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER frozen_accounts_stay_open BEFORE UPDATE OF status ON accounts
    FOR EACH ROW WHEN (NEW.status = 'closed') EXECUTE FUNCTION frozen_accounts_stay_open();

REVOKE EXECUTE ON FUNCTION freezes_follow_orders, frozen_accounts_stay_open FROM PUBLIC;

-- ---------------------------------------------------------------- movements

-- 12 reversed: between the accounts of holders, and nowhere else.
ALTER TABLE ledger_entries DROP CONSTRAINT ck_ledger_entries_kind;
ALTER TABLE ledger_entries ADD CONSTRAINT ck_ledger_entries_kind CHECK (kind BETWEEN 1 AND 12) NOT VALID;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ck_ledger_entries_kind;
ALTER TABLE ledger_entries ADD CONSTRAINT ck_ledger_entries_reversed
    CHECK (kind <> 12 OR (from_account > 1000 AND to_account > 1000)) NOT VALID;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ck_ledger_entries_reversed;

-- What was on its way when its account, its receiver or its serials were frozen goes back.
ALTER TABLE transfer_proposals DROP CONSTRAINT ck_transfer_proposals_reason;
ALTER TABLE transfer_proposals ADD CONSTRAINT ck_transfer_proposals_reason
    CHECK (reason IN ('proposer_not_allowed', 'approver_not_allowed', 'receiver_closed', 'no_longer_trusted', 'frozen'));

-- The door, as in 0004; what is new stands before the entries are written.
CREATE OR REPLACE FUNCTION commit_acts(
    -- the log: its size before, the time, and its new head
    p_size bigint, p_at timestamptz, p_root bytea, p_peaks bytea,
    l_kind text[], l_subject text[], l_leaf bytea[], l_nodes bytea[],
    -- salts of what is sealed in leaves
    k_index bigint[], k_salt bytea[],
    -- batches made
    t_id bigint[], t_vintage int[], t_credits bigint[], t_prefix text[], t_programme text[], t_project text[],
    t_name text[], t_activity text[], t_province text[], t_index bigint[],
    -- double entries
    e_index bigint[], e_line int[], e_kind int[], e_batch bigint[], e_first bigint[], e_last bigint[],
    e_from bigint[], e_to bigint[], e_from_balance bigint[], e_to_balance bigint[],
    e_from_total bigint[], e_to_total bigint[], e_previous bigint[],
    -- balances: account, batch, value before (null: no row yet), value after
    s_account bigint[], s_batch bigint[], s_before bigint[], s_after bigint[],
    -- blocks that were there: as they were decided on, and as they become
    b_batch bigint[], b_first bigint[], b_last bigint[], b_account bigint[], b_index bigint[],
    b_new_account bigint[], b_new_index bigint[],
    -- blocks cut off
    c_batch bigint[], c_first bigint[], c_account bigint[], c_index bigint[],
    -- retirements and cancellations, with the statements they commit to
    p_endings jsonb,
    -- answers to requests that carried an idempotency key, and keys answered again
    a_scope text[], a_key text[], a_fingerprint bytea[], a_status int[], a_location text[], a_etag text[],
    a_body bytea[], r_scope text[], r_key text[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    n bigint;
    n_final bigint;
BEGIN
    -- Seal: the log only grows, from exactly the size the acts were decided on.
    IF cardinality(l_leaf) > 0 THEN
        UPDATE log_head SET size = p_size + cardinality(l_leaf), root = p_root, peaks = p_peaks, recorded_at = p_at
         WHERE size = p_size AND recorded_at <= p_at;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the log is no longer at size %', p_size USING ERRCODE = '40001';
        END IF;
        INSERT INTO log_entries (log_index, kind, subject, leaf, nodes, recorded_at)
        SELECT p_size + u.number - 1, u.kind, u.subject, u.leaf, u.nodes, p_at
          FROM unnest(l_kind, l_subject, l_leaf, l_nodes) WITH ORDINALITY AS u(kind, subject, leaf, nodes, number);
    ELSIF NOT EXISTS (SELECT FROM log_head WHERE size = p_size) THEN
        -- Nothing to add: but what was refused, or answered again, was decided on this size too.
        RAISE EXCEPTION 'the log is no longer at size %', p_size USING ERRCODE = '40001';
    END IF;
    IF cardinality(k_index) > 0 THEN
        IF EXISTS (SELECT FROM unnest(k_index) AS u(log_index)
                    WHERE (u.log_index BETWEEN p_size AND p_size + cardinality(l_leaf) - 1) IS NOT TRUE) THEN
            RAISE EXCEPTION 'salts are of acts of the same commit' USING ERRCODE = '23514';
        END IF;
        INSERT INTO log_salts (log_index, salt) SELECT * FROM unnest(k_index, k_salt);
    END IF;

    -- Credits come into being and move by the acts of this commit: none without a leaf, none under another's.
    IF EXISTS (SELECT FROM unnest(t_index || e_index) AS u(log_index)
                WHERE (u.log_index BETWEEN p_size AND p_size + cardinality(l_leaf) - 1) IS NOT TRUE) THEN
        RAISE EXCEPTION 'credits move only by an act of the same commit' USING ERRCODE = '23514';
    END IF;

    IF cardinality(t_id) > 0 THEN
        INSERT INTO batches (id, vintage, credits, serial_prefix, programme_code, project_code, project_name,
                             activity_id, province_code, log_index, issued_at)
        SELECT u.*, p_at FROM unnest(t_id, t_vintage, t_credits, t_prefix, t_programme, t_project, t_name,
                                     t_activity, t_province, t_index) AS u;
    END IF;

    IF cardinality(e_index) > 0 THEN
        -- Every account must exist and be open: the acts' rules said so, this makes sure.
        SELECT count(*) INTO n
          FROM (SELECT unnest(e_from) UNION SELECT unnest(e_to)) AS used(id)
          LEFT JOIN accounts a ON a.id = used.id AND a.status = 'open'
         WHERE a.id IS NULL;
        IF n > 0 THEN
            RAISE EXCEPTION '% accounts are missing or closed', n USING ERRCODE = '40001';
        END IF;
        -- What is frozen does not move: one look at an index that is empty while nothing is. Exempt are returns out of
        -- transit (11) and reversals (12), which bring credits back under the hand of who froze them.
        IF EXISTS (SELECT FROM freezes WHERE released_at IS NULL) THEN
            IF EXISTS (
                SELECT FROM unnest(e_index, e_kind, e_batch, e_first, e_last, e_from, e_to)
                         AS e(log_index, kind, batch_id, first_serial, last_serial, from_account, to_account)
                 WHERE e.kind NOT IN (11, 12)
                   AND (EXISTS (SELECT FROM freezes f WHERE f.released_at IS NULL AND f.frozen_index < e.log_index
                                   AND f.account_id IN (e.from_account, e.to_account))
                        OR EXISTS (SELECT FROM freezes f WHERE f.released_at IS NULL AND f.frozen_index < e.log_index
                                      AND f.batch_id = e.batch_id
                                      AND f.first_serial <= e.last_serial AND f.last_serial >= e.first_serial)))
            THEN
                RAISE EXCEPTION 'what is frozen does not move' USING ERRCODE = '40001', CONSTRAINT = 'frozen_credits_stay';
            END IF;
        END IF;
        INSERT INTO ledger_entries (log_index, line, kind, batch_id, first_serial, last_serial, from_account, to_account,
                                    from_balance, to_balance, from_total, to_total, previous_log_index, recorded_at)
        SELECT u.*, p_at FROM unnest(e_index, e_line, e_kind, e_batch, e_first, e_last, e_from, e_to, e_from_balance,
                                     e_to_balance, e_from_total, e_to_total, e_previous) AS u;
    END IF;

    -- Blocks go only where an entry of this commit takes them, or are what is left of the block they are cut from; and
    -- nothing is cut out of a final account, where an insertion would pass by the trigger on updates.
    IF cardinality(b_batch) > 0 OR cardinality(c_batch) > 0 THEN
        SELECT count(*) FILTER (WHERE u.is_cut AND u.old_account IN (4, 5, 6)),
               count(*) FILTER (WHERE e.batch_id IS NULL
                                  AND (u.account_id, u.log_index) IS DISTINCT FROM (u.old_account, u.old_index))
          INTO n_final, n
          FROM (
            SELECT *, false
              FROM unnest(b_batch, b_first, b_new_account, b_new_index, b_account, b_index)
            UNION ALL
            SELECT u.*, whole.account_id, whole.log_index, true
              FROM unnest(c_batch, c_first, c_account, c_index) AS u(batch_id, first_serial, account_id, log_index)
              LEFT JOIN LATERAL (SELECT x.account_id, x.log_index FROM blocks x
                                  WHERE x.batch_id = u.batch_id AND x.first_serial < u.first_serial
                                  ORDER BY x.first_serial DESC LIMIT 1) AS whole ON true
        ) AS u(batch_id, first_serial, account_id, log_index, old_account, old_index, is_cut)
          LEFT JOIN unnest(e_batch, e_index, e_to, e_first, e_last)
               AS e(batch_id, log_index, to_account, first_serial, last_serial)
            ON e.batch_id = u.batch_id AND e.log_index = u.log_index AND e.to_account = u.account_id
           AND u.first_serial BETWEEN e.first_serial AND e.last_serial;
        IF n_final > 0 THEN
            RAISE EXCEPTION 'credits cannot be cut out of a final account'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'final_accounts_keep';
        END IF;
        IF n > 0 THEN
            RAISE EXCEPTION '% blocks go where no entry takes them', n USING ERRCODE = '23514';
        END IF;
    END IF;

    -- Blocks: each must still be what it was decided on, down to the serial it ends with. Those that stay where they are
    -- (something was cut off behind them) are looked at, the others are looked at and handed over at once.
    IF cardinality(b_batch) > 0 THEN
        WITH decided AS MATERIALIZED (
            SELECT u.* FROM unnest(b_batch, b_first, b_last, b_account, b_index, b_new_account, b_new_index)
                AS u(batch_id, first_serial, last_serial, account_id, log_index, new_account, new_index)
        ), handed_over AS (
            UPDATE blocks b SET account_id = u.new_account, log_index = u.new_index
              FROM decided u
             WHERE b.batch_id = u.batch_id AND b.first_serial = u.first_serial
               AND b.account_id = u.account_id AND b.log_index = u.log_index AND u.new_index <> u.log_index
               AND u.last_serial = coalesce((SELECT x.first_serial - 1 FROM blocks x
                                              WHERE x.batch_id = u.batch_id AND x.first_serial > u.first_serial
                                              ORDER BY x.first_serial LIMIT 1),
                                            (SELECT t.credits FROM batches t WHERE t.id = u.batch_id))
            RETURNING 1
        ), kept AS (
            SELECT FROM decided u
              JOIN blocks b ON b.batch_id = u.batch_id AND b.first_serial = u.first_serial
                           AND b.account_id = u.account_id AND b.log_index = u.log_index
             WHERE u.new_index = u.log_index
               AND u.last_serial = coalesce((SELECT x.first_serial - 1 FROM blocks x
                                              WHERE x.batch_id = u.batch_id AND x.first_serial > u.first_serial
                                              ORDER BY x.first_serial LIMIT 1),
                                            (SELECT t.credits FROM batches t WHERE t.id = u.batch_id))
        )
        SELECT (SELECT count(*) FROM handed_over) + (SELECT count(*) FROM kept) INTO n;
        IF n <> cardinality(b_batch) THEN
            RAISE EXCEPTION '% of % blocks are as decided on', n, cardinality(b_batch) USING ERRCODE = '40001';
        END IF;
    END IF;
    IF cardinality(c_batch) > 0 THEN
        INSERT INTO blocks (batch_id, first_serial, account_id, log_index)
        SELECT * FROM unnest(c_batch, c_first, c_account, c_index);
        IF EXISTS (SELECT FROM unnest(c_batch, c_first) AS u(batch_id, first_serial)
                     JOIN batches t ON t.id = u.batch_id WHERE u.first_serial > t.credits) THEN
            RAISE EXCEPTION 'a block begins beyond the end of its batch' USING ERRCODE = '23514';
        END IF;
    END IF;

    -- Balances: each must change by exactly what the entries moved, and still have the value it was decided on.
    IF cardinality(s_account) > 0 OR cardinality(e_index) > 0 THEN
        SELECT count(*) INTO n FROM (
            SELECT FROM (
                SELECT account_id, batch_id, last_serial - first_serial + 1 AS credits
                  FROM unnest(e_to, e_batch, e_first, e_last) AS u(account_id, batch_id, first_serial, last_serial)
                UNION ALL
                SELECT account_id, batch_id, first_serial - last_serial - 1
                  FROM unnest(e_from, e_batch, e_first, e_last) AS u(account_id, batch_id, first_serial, last_serial)
                UNION ALL
                SELECT account_id, batch_id, coalesce(before, 0) - after
                  FROM unnest(s_account, s_batch, s_before, s_after) AS u(account_id, batch_id, before, after)
            ) AS sides GROUP BY account_id, batch_id HAVING sum(credits) <> 0) AS unequal;
        IF n > 0 THEN
            RAISE EXCEPTION '% balances do not change by what was moved', n USING ERRCODE = '40001';
        END IF;
        INSERT INTO balances (account_id, batch_id, credits)
        SELECT u.account_id, u.batch_id, u.after
          FROM unnest(s_account, s_batch, s_before, s_after) AS u(account_id, batch_id, before, after)
         WHERE u.before IS NULL;
        UPDATE balances s SET credits = u.after
          FROM unnest(s_account, s_batch, s_before, s_after) AS u(account_id, batch_id, before, after)
         WHERE s.account_id = u.account_id AND s.batch_id = u.batch_id AND s.credits = u.before;
        GET DIAGNOSTICS n = ROW_COUNT;
        IF n <> cardinality(array_remove(s_before, NULL)) THEN
            RAISE EXCEPTION '% of % balances are as decided on', n, cardinality(array_remove(s_before, NULL))
                USING ERRCODE = '40001';
        END IF;
    END IF;

    IF p_endings IS NOT NULL THEN
        INSERT INTO endings (log_index, kind, account_id, credits, purpose_code, visibility, happened_on, commitment, recorded_at)
        SELECT log_index, kind, account_id, credits, purpose_code, visibility, happened_on, commitment, p_at
          FROM jsonb_to_recordset(p_endings) AS u(log_index bigint, kind smallint, account_id bigint, credits bigint,
               purpose_code text, visibility text, happened_on date, commitment text);
        INSERT INTO ending_statements (log_index, salt, beneficiary_name, beneficiary_kind, beneficiary_identifier, reason)
        SELECT log_index, decode(salt, 'hex'), beneficiary_name, beneficiary_kind, beneficiary_identifier, reason
          FROM jsonb_to_recordset(p_endings) AS u(log_index bigint, salt text, beneficiary_name text,
               beneficiary_kind text, beneficiary_identifier text, reason text);
    END IF;

    IF cardinality(a_key) > 0 THEN
        INSERT INTO answers (scope, key, fingerprint, status, location, etag, body, replays, recorded_at)
        SELECT u.*, 0, p_at
          FROM unnest(a_scope, a_key, a_fingerprint, a_status, a_location, a_etag, a_body) AS u;
    END IF;
    -- An answer given again is a write too, so that its commit waits for replication like the first one did:
    -- a read-only reply could vouch for a row that a failover then loses.
    IF cardinality(r_key) > 0 THEN
        UPDATE answers a SET replays = a.replays + u.times
          FROM (SELECT scope, key, count(*)::int FROM unnest(r_scope, r_key) AS w(scope, key) GROUP BY scope, key)
               AS u(scope, key, times)
         WHERE a.scope = u.scope AND a.key = u.key;
        GET DIAGNOSTICS n = ROW_COUNT;
        IF n <> (SELECT count(DISTINCT (scope, key)) FROM unnest(r_scope, r_key) AS w(scope, key)) THEN
            RAISE EXCEPTION 'an answer given again is not there' USING ERRCODE = '40001';
        END IF;
    END IF;
END
$$;

-- ---------------------------------------------------------------- erasure: as in 0007, and reasons of orders

CREATE OR REPLACE VIEW erasable_words (log_index, name, words) AS
    SELECT log_index, 'reason', reason FROM activity_events WHERE reason IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM report_events WHERE reason IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM issuances WHERE reason IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM verification_reviews WHERE reason IS NOT NULL
    UNION ALL SELECT log_index, 'reason', why FROM party_events WHERE why IS NOT NULL
    UNION ALL SELECT log_index, 'statement', statement FROM validation_opinions WHERE statement IS NOT NULL
    UNION ALL SELECT log_index, 'statement', statement FROM verification_opinions WHERE statement IS NOT NULL
    UNION ALL SELECT log_index, 'finding', description FROM verification_findings WHERE description IS NOT NULL
    UNION ALL SELECT log_index, 'response', response FROM verification_findings WHERE response IS NOT NULL
    UNION ALL SELECT log_index, 'file name', file_name FROM documents WHERE file_name IS NOT NULL
    UNION ALL SELECT log_index, 'beneficiary', beneficiary_name FROM ending_statements
    UNION ALL SELECT log_index, 'identifier', beneficiary_identifier FROM ending_statements
               WHERE beneficiary_identifier IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM ending_statements WHERE reason IS NOT NULL
    UNION ALL SELECT e.log_index, 'description', a.description FROM activity_events e
                JOIN activities a ON a.id = e.activity_id
               WHERE e.step IN ('draft', 'amend', 'submit') AND a.description <> '[erased]'
    UNION ALL SELECT e.log_index, 'note', a.other_mechanism_note FROM activity_events e
                JOIN activities a ON a.id = e.activity_id
               WHERE e.step IN ('draft', 'amend', 'submit') AND a.other_mechanism_note IS NOT NULL
    UNION ALL SELECT e.log_index, 'site', s.name FROM activity_events e
                JOIN sites s ON s.activity_id = e.activity_id
               WHERE e.step IN ('draft', 'amend', 'submit') AND s.name <> '[erased]'
    UNION ALL SELECT c.log_index, said.name, said.words FROM application_contents c
                JOIN LATERAL (VALUES ('applicant', c.content::json ->> 'name_th'),
                                     ('applicant', c.content::json ->> 'name_en'),
                                     ('contact', c.content::json ->> 'contact_email')) AS said (name, words)
                  ON c.content IS NOT NULL
    UNION ALL SELECT c.log_index, 'representative', format('%s <%s>', p ->> 'display_name', p ->> 'email')
                FROM application_contents c
                JOIN LATERAL json_array_elements(c.content::json -> 'representatives') AS p ON c.content IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM application_events WHERE reason IS NOT NULL
    UNION ALL SELECT log_index, 'reason', reason FROM orders WHERE reason IS NOT NULL;

CREATE OR REPLACE FUNCTION erase_texts(p_acts bigint[], p_user text) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    acts bigint[] := erasable_acts(p_acts, p_user);
    about text[];
BEGIN
    -- Kept answers that speak of what these acts are about, and what was asked for them.
    about := ARRAY(SELECT p_user WHERE p_user IS NOT NULL
                    UNION SELECT l.subject FROM log_entries l
                     WHERE l.log_index = ANY (acts)
                       AND NOT EXISTS (SELECT FROM endings x WHERE x.log_index = l.log_index));
    UPDATE answers a SET body = NULL, fingerprint = NULL
     WHERE a.body IS NOT NULL AND scope !~~ 'import:%'
       AND (location IS NULL OR location !~~ '/v1/transfers/%' AND location !~~ '/v1/retirements/%'
           AND location !~~ '/v1/cancellations/%' AND location !~~ '/v1/log/entries/%')
       AND EXISTS (SELECT FROM unnest(about) AS s(subject)
                    WHERE position(convert_to('"' || s.subject || '"', 'UTF8') IN a.body) > 0);
    UPDATE answers a SET body = NULL, fingerprint = NULL
      FROM endings x
     WHERE x.log_index = ANY (acts) AND a.recorded_at = x.recorded_at AND a.body IS NOT NULL
       AND (a.location LIKE '%/' || x.log_index
            OR (a.location = '/v1/retirements/bulk'
                AND position(convert_to('"id":' || x.log_index || ',', 'UTF8') IN a.body) > 0)
            OR a.body = convert_to('{"log_index":' || x.log_index || '}', 'UTF8'));

    UPDATE activities SET description = '[erased]', other_mechanism_note = NULL
     WHERE id IN (SELECT activity_id FROM activity_events
                   WHERE log_index = ANY (acts) AND step IN ('draft', 'amend', 'submit'));
    UPDATE sites SET name = '[erased]'
     WHERE activity_id IN (SELECT activity_id FROM activity_events
                            WHERE log_index = ANY (acts) AND step IN ('draft', 'amend', 'submit'));
    UPDATE activity_events SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    UPDATE report_events SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    UPDATE issuances SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    UPDATE verification_reviews SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    UPDATE party_events SET why = NULL WHERE log_index = ANY (acts) AND why IS NOT NULL;
    UPDATE validation_opinions SET statement = NULL WHERE log_index = ANY (acts) AND statement IS NOT NULL;
    UPDATE verification_opinions SET statement = NULL WHERE log_index = ANY (acts) AND statement IS NOT NULL;
    UPDATE verification_findings SET description = NULL, response = NULL
     WHERE log_index = ANY (acts) AND description IS NOT NULL;
    UPDATE documents SET file_name = NULL WHERE log_index = ANY (acts) AND file_name IS NOT NULL;
    UPDATE application_contents SET content = NULL WHERE log_index = ANY (acts) AND content IS NOT NULL;
    UPDATE application_events SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    UPDATE orders SET reason = NULL WHERE log_index = ANY (acts) AND reason IS NOT NULL;
    DELETE FROM ending_statements WHERE log_index = ANY (acts);
    DELETE FROM log_salts WHERE log_index = ANY (acts);
    RETURN acts;
END
$$;

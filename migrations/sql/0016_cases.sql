-- Cases of the authority: credits that were issued and should not have been (over-issuance), or whose reduction was lost
-- again (reversal). What a case owes only falls, by steps that each end credits, and never below nothing.

-- ---------------------------------------------------------------- orders: to open a case, and to take from the buffer

ALTER TABLE orders
    ADD COLUMN issuance_id text,
    ADD COLUMN case_kind text,
    ADD COLUMN case_id text,
    ADD COLUMN credits bigint,
    DROP CONSTRAINT ck_orders_action,
    DROP CONSTRAINT ck_orders_about,
    ADD CONSTRAINT ck_orders_action CHECK (action IN ('freeze', 'release', 'reversal', 'case', 'buffer')),
    ADD CONSTRAINT ck_orders_about CHECK (
        CASE action
            WHEN 'freeze' THEN num_nonnulls(account_id, batch_id) = 1 AND freeze_id IS NULL AND act IS NULL
            WHEN 'release' THEN num_nonnulls(account_id, batch_id) = 0 AND freeze_id IS NOT NULL AND act IS NULL
            WHEN 'reversal' THEN num_nonnulls(account_id, batch_id) = 0 AND freeze_id IS NULL AND act IS NOT NULL
            ELSE num_nonnulls(account_id, batch_id) = 0 AND freeze_id IS NULL AND act IS NULL
        END),
    ADD CONSTRAINT ck_orders_claim CHECK (
        CASE action
            WHEN 'case' THEN num_nonnulls(issuance_id, case_kind, credits) = 3 AND case_id IS NULL
            WHEN 'buffer' THEN num_nonnulls(case_id, credits) = 2 AND num_nulls(issuance_id, case_kind) = 2
            ELSE num_nulls(issuance_id, case_kind, case_id, credits) = 4
        END),
    ADD CONSTRAINT ck_orders_case_kind CHECK (case_kind IN ('over_issuance', 'reversal')),
    ADD CONSTRAINT ck_orders_credits CHECK (credits > 0),
    ADD CONSTRAINT fk_orders_issuance_id FOREIGN KEY (issuance_id) REFERENCES issuances (id),
    ADD CONSTRAINT fk_orders_case_id FOREIGN KEY (case_id) REFERENCES orders (id);
CREATE INDEX ix_orders_issuance_id ON orders (issuance_id);
CREATE INDEX ix_orders_case_id ON orders (case_id);

-- ---------------------------------------------------------------- cases and their steps

CREATE TABLE cases (
    id text NOT NULL,
    issuance_id text NOT NULL,
    kind text NOT NULL,
    credits bigint NOT NULL,
    due_on date NOT NULL,
    opened_at timestamptz NOT NULL,
    log_index bigint NOT NULL,
    CONSTRAINT pk_cases PRIMARY KEY (id),
    CONSTRAINT uq_cases_log_index UNIQUE (log_index),
    CONSTRAINT fk_cases_id FOREIGN KEY (id) REFERENCES orders (id),
    CONSTRAINT fk_cases_issuance_id FOREIGN KEY (issuance_id) REFERENCES issuances (id),
    CONSTRAINT ck_cases_kind CHECK (kind IN ('over_issuance', 'reversal')),
    CONSTRAINT ck_cases_credits CHECK (credits > 0)
);
CREATE INDEX ix_cases_issuance_id_id ON cases (issuance_id, id);

-- A step takes a case from what it owed before to what it owes after. No two begin at the same point, and each begins
-- where the one before it ended (a trigger), so that their sum is what was owed at first less what is owed now.
CREATE TABLE case_steps (
    log_index bigint NOT NULL,
    case_id text NOT NULL,
    kind text NOT NULL,
    credits bigint NOT NULL,
    owed_before bigint NOT NULL,
    owed_after bigint NOT NULL,
    order_id text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_case_steps PRIMARY KEY (log_index),
    CONSTRAINT uq_case_steps_owed_before UNIQUE (case_id, owed_before),
    CONSTRAINT uq_case_steps_order_id UNIQUE (order_id),
    CONSTRAINT fk_case_steps_case_id FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT fk_case_steps_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    -- Checked at the end of the commit, because what ends in it is written last.
    CONSTRAINT fk_case_steps_log_index FOREIGN KEY (log_index) REFERENCES endings (log_index) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_case_steps_kind CHECK (kind IN ('deduction', 'replacement', 'buffer')),
    CONSTRAINT ck_case_steps_credits CHECK (credits > 0 AND owed_before - credits = owed_after),
    CONSTRAINT ck_case_steps_owed CHECK (owed_after >= 0),
    CONSTRAINT ck_case_steps_ordered CHECK ((kind = 'buffer') = (order_id IS NOT NULL))
);
CREATE INDEX ix_case_steps_case_id_log_index ON case_steps (case_id, log_index);

GRANT SELECT, INSERT ON cases, case_steps TO registry_app;
GRANT SELECT ON cases, case_steps TO registry_reader;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases', 'case_steps'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_not_emptied', name);
    END LOOP;
END
$$;

-- A case is what two officers approved, and all cases of an issuance together claim no more than it issued. They are
-- inserted one after the other, so that no two pass by each other.
CREATE FUNCTION cases_follow_orders() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders o JOIN order_approvals a ON a.order_id = o.id
                    WHERE o.id = NEW.id AND o.action = 'case' AND a.log_index = NEW.log_index
                      AND (o.issuance_id, o.case_kind, o.credits) = (NEW.issuance_id, NEW.kind, NEW.credits)) THEN
        RAISE EXCEPTION 'a case is what two officers approved'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'cases_follow_orders';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('cases'), hashtext(NEW.issuance_id));
    IF NEW.credits + (SELECT coalesce(sum(c.credits), 0) FROM cases c WHERE c.issuance_id = NEW.issuance_id)
       > (SELECT coalesce(sum(l.credits), 0) FROM issuance_lines l WHERE l.issuance_id = NEW.issuance_id) THEN
        RAISE EXCEPTION 'cases claim no more than was issued'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'cases_within_issuance';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER cases_follow_orders BEFORE INSERT ON cases
    FOR EACH ROW EXECUTE FUNCTION cases_follow_orders();

-- A step begins with what is owed; the buffer gives to a reversal alone, and what two officers approved for this case.
CREATE FUNCTION case_steps_follow() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.owed_before IS DISTINCT FROM (
        SELECT c.credits - coalesce((SELECT sum(s.credits) FROM case_steps s WHERE s.case_id = c.id), 0)
          FROM cases c WHERE c.id = NEW.case_id AND c.log_index < NEW.log_index) THEN
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
CREATE TRIGGER case_steps_follow BEFORE INSERT ON case_steps
    FOR EACH ROW EXECUTE FUNCTION case_steps_follow();

REVOKE EXECUTE ON FUNCTION cases_follow_orders, case_steps_follow FROM PUBLIC;

-- ---------------------------------------------------------------- the buffer

-- It gives by decision of the authority alone: released (7), or cancelled (8).
ALTER TABLE ledger_entries ADD CONSTRAINT ck_ledger_entries_buffer
    CHECK ((from_account = 2) = (kind IN (7, 8))) NOT VALID;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ck_ledger_entries_buffer;

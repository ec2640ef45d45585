-- Acts of the authority that take two people, where the dated rule `two_person_acts` names them. They are orders with
-- a content; and where they take two, the database takes none that no approved order has done.

ALTER TABLE orders
    ADD content text,
    DROP CONSTRAINT ck_orders_action,
    ADD CONSTRAINT ck_orders_action CHECK (action IN ('freeze', 'release', 'reversal', 'case', 'buffer',
        'issuance_approval', 'role_change', 'rule_change')),
    ADD CONSTRAINT ck_orders_content CHECK (
        (content IS NULL) = (action IN ('freeze', 'release', 'reversal', 'case', 'buffer')));

-- Few of very many users: who could do an act that takes two is counted.
CREATE INDEX ix_users_officials ON users (id) WHERE party_kind = 'authority';

-- The acts that take two people on the day of a new row, by the rule as it was before that row's act. Only what the
-- trigger's argument names, and what says which acts these are while there are any, has to be ordered.
CREATE FUNCTION two_people_decide() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    action CONSTANT text := TG_ARGV[0];
    today CONSTANT date := (NEW.recorded_at AT TIME ZONE 'Asia/Bangkok')::date;
    named text[];
BEGIN
    SELECT string_to_array(r.value, ',') INTO named FROM rule_values r
     WHERE r.key = 'two_person_acts' AND r.programme_code IS NULL AND r.log_index < NEW.log_index
       AND r.valid_from <= today AND (r.valid_to IS NULL OR r.valid_to >= today)
     ORDER BY r.valid_from DESC, r.id DESC LIMIT 1;
    IF (action = ANY (named)
        OR (to_jsonb(NEW) ->> 'key' = 'two_person_acts'
            AND named && ARRAY['issuance_approval', 'role_change', 'rule_change']))
       AND NOT EXISTS (SELECT FROM order_approvals a JOIN orders o ON o.id = a.order_id
                        WHERE a.log_index = NEW.log_index AND o.action = TG_ARGV[0]) THEN
        RAISE EXCEPTION 'two people decide on this: %', action
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'two_people_decide';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER two_people_decide BEFORE INSERT ON issuances
    FOR EACH ROW WHEN (NEW.approved) EXECUTE FUNCTION two_people_decide('issuance_approval');
CREATE TRIGGER two_people_decide BEFORE INSERT ON party_events
    FOR EACH ROW WHEN (NEW.what = 'user.roles_set') EXECUTE FUNCTION two_people_decide('role_change');
CREATE TRIGGER two_people_decide BEFORE INSERT ON rule_values
    FOR EACH ROW EXECUTE FUNCTION two_people_decide('rule_change');
REVOKE EXECUTE ON FUNCTION two_people_decide FROM PUBLIC;

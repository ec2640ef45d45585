-- Acts that take two people, from the day that a value names them: values to come count, and so does what comes back
-- when a value ends. `app.registry.pairs.rules` says the same.

-- The acts that take two people on the day of a new row, by the rule as it was before that row's act. While any value,
-- of today or to come, names an act, roles and what says which acts these are have to be ordered too: whoever gave
-- roles alone would make the second person.
CREATE OR REPLACE FUNCTION two_people_decide() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    action CONSTANT text := TG_ARGV[0];
    today CONSTANT date := (NEW.recorded_at AT TIME ZONE 'Asia/Bangkok')::date;
    named text[];
    lasts boolean;
BEGIN
    WITH held AS (
        SELECT r.id, r.valid_from, r.valid_to, string_to_array(r.value, ',') AS acts FROM rule_values r
         WHERE r.key = 'two_person_acts' AND r.programme_code IS NULL AND r.log_index < NEW.log_index
           AND (r.valid_to IS NULL OR r.valid_to >= today)
    ), days AS (
        SELECT today AS day
        UNION SELECT valid_from FROM held WHERE valid_from > today
        UNION SELECT valid_to + 1 FROM held WHERE valid_to IS NOT NULL
    ), turns AS (
        SELECT d.day, h.acts FROM days d CROSS JOIN LATERAL (
            SELECT acts FROM held WHERE valid_from <= d.day AND (valid_to IS NULL OR valid_to >= d.day)
             ORDER BY valid_from DESC, id DESC LIMIT 1) h
    )
    SELECT (SELECT acts FROM turns WHERE day = today),
           EXISTS (SELECT FROM turns WHERE acts && ARRAY['issuance_approval', 'role_change', 'rule_change'])
      INTO named, lasts;
    IF (action = ANY (named)
        OR (lasts AND (action = 'role_change' OR to_jsonb(NEW) ->> 'key' = 'two_person_acts')))
       AND NOT EXISTS (SELECT FROM order_approvals a JOIN orders o ON o.id = a.order_id
                        WHERE a.log_index = NEW.log_index AND o.action = TG_ARGV[0]) THEN
        RAISE EXCEPTION 'two people decide on this: %', action
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'two_people_decide';
    END IF;
    RETURN NEW;
END
$$;

-- What a value names it names on all its days: orders have time to wait on every day from now on, and no value that was
-- set before ends it earlier.
CREATE FUNCTION two_people_last() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    today CONSTANT date := (NEW.recorded_at AT TIME ZONE 'Asia/Bangkok')::date;
    every CONSTANT text[] := ARRAY['issuance_approval', 'role_change', 'rule_change'];
    named CONSTANT text[] := string_to_array(NEW.value, ',');
BEGIN
    IF named && every AND (
        EXISTS (
            WITH held AS (
                SELECT r.valid_from, r.valid_to FROM rule_values r
                 WHERE r.key = 'order_hours' AND r.programme_code IS NULL AND r.log_index < NEW.log_index
            ), days AS (
                SELECT today AS day UNION SELECT valid_to + 1 FROM held WHERE valid_to >= today
            )
            SELECT FROM days d WHERE NOT EXISTS (
                SELECT FROM held WHERE valid_from <= d.day AND (valid_to IS NULL OR valid_to >= d.day))
        ) OR EXISTS (
            SELECT FROM (
                SELECT DISTINCT ON (r.valid_from) string_to_array(r.value, ',') AS acts FROM rule_values r
                 WHERE r.key = 'two_person_acts' AND r.programme_code IS NULL AND r.log_index < NEW.log_index
                   AND r.valid_from > NEW.valid_from AND (NEW.valid_to IS NULL OR r.valid_from <= NEW.valid_to)
                 ORDER BY r.valid_from, r.id DESC
            ) later
            WHERE NOT (acts && every AND acts || 'role_change'::text @> named)
        )
    ) THEN
        RAISE EXCEPTION 'acts of two people are named for good, or until a day that is said'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'two_people_last';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER two_people_last BEFORE INSERT ON rule_values
    FOR EACH ROW WHEN (NEW.key = 'two_person_acts') EXECUTE FUNCTION two_people_last();
REVOKE EXECUTE ON FUNCTION two_people_last FROM PUBLIC;

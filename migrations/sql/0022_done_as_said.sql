-- What two people approved is what is done, and a user's roles are what the last act about them said. Both are asked at
-- the end of a commit, when the log and the ledger have what its acts brought.

-- Roles are a present state, which the service can write over: only the log says which are right.
CREATE FUNCTION roles_follow_acts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- As they are now: a later act of this commit may have changed them again.
    IF (SELECT to_jsonb(u.roles) FROM users u WHERE u.id = NEW.id) IS DISTINCT FROM
       (SELECT convert_from(l.leaf, 'UTF8')::jsonb #> '{data,roles}'
          FROM log_entries l
          JOIN party_events e ON (e.log_index, e.user_id, e.what, e.recorded_at)
                               = (l.log_index, l.subject, l.kind, l.recorded_at)
         WHERE l.subject = NEW.id AND l.kind IN ('user.added', 'user.roles_set') AND l.kind NOT LIKE 'credits.%'
         ORDER BY l.log_index DESC LIMIT 1) THEN
        RAISE EXCEPTION 'roles of % are not what the last act about them said', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'roles_follow_acts';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER roles_follow_acts AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION roles_follow_acts();
CREATE CONSTRAINT TRIGGER changed_roles_follow_acts AFTER UPDATE OF roles ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.roles IS DISTINCT FROM NEW.roles) EXECUTE FUNCTION roles_follow_acts();

-- Whichever acts take two people on a day: what an order was approved for does what the order says, and no more.
CREATE FUNCTION done_as_ordered() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    action CONSTANT text := TG_ARGV[0];
    said jsonb;
    account bigint;
    is_done boolean;
BEGIN
    -- How many people it takes is a question of the day, so the day is the act's own.
    IF NEW.recorded_at IS DISTINCT FROM (SELECT l.recorded_at FROM log_entries l WHERE l.log_index = NEW.log_index) THEN
        RAISE EXCEPTION 'act % was not recorded when % says', NEW.log_index, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'done_when_recorded';
    END IF;
    SELECT o.content::jsonb INTO said FROM order_approvals a JOIN orders o ON o.id = a.order_id
     WHERE a.log_index = NEW.log_index AND o.action = TG_ARGV[0];
    IF said IS NULL THEN
        RETURN NULL;  -- one person did it; whether one may is another question
    END IF;
    IF action = 'rule_change' THEN
        is_done := said = jsonb_build_object(
            'programme', NEW.programme_code, 'key', NEW.key, 'value', NEW.value, 'unit', NEW.unit,
            'valid_from', NEW.valid_from, 'valid_to', NEW.valid_to, 'source', NEW.source, 'is_default', NEW.is_default);
    ELSIF action = 'role_change' THEN
        -- The roles that the leaf says, which the user's row is held to.
        SELECT (NEW.user_id, NEW.party_id, l.subject, l.kind)
               = (said ->> 'user_id', said ->> 'party_id', said ->> 'user_id', NEW.what)
           AND convert_from(l.leaf, 'UTF8')::jsonb #> '{data,roles}' = said -> 'roles'
          INTO is_done FROM log_entries l WHERE l.log_index = NEW.log_index;
    ELSE
        account := split_part(said ->> 'account', '-', 2)::bigint;
        is_done := (NEW.report_id, NEW.decided_on, NEW.document_id, NEW.meeting, NEW.reason)
                   IS NOT DISTINCT FROM (said ->> 'report_id', (said ->> 'decided_on')::date,
                                         said ->> 'decision_document_id', said ->> 'meeting', NULL)
            AND NOT EXISTS (
                SELECT FROM jsonb_to_recordset(said -> 'lines')
                         AS o(vintage int, verified_tco2e numeric, carried_from text, carried_in_tco2e numeric,
                              credits bigint, buffer_credits bigint, remainder_tco2e numeric)
                  FULL JOIN (SELECT * FROM issuance_lines WHERE issuance_id = NEW.id) AS l ON l.vintage = o.vintage
                 WHERE (o.vintage, o.verified_tco2e, o.carried_from, o.carried_in_tco2e, o.credits, o.buffer_credits,
                        o.remainder_tco2e)
                       IS DISTINCT FROM (l.vintage, l.verified_tco2e, l.carried_from_issuance_id, l.carried_in_tco2e,
                                         l.credits, l.buffer_credits, l.remainder_tco2e))
            -- And the credits are where the order has them: in the account, and the buffer's share in the buffer.
            AND NOT EXISTS (
                SELECT FROM (SELECT batch_id, credits - buffer_credits AS kept, buffer_credits AS buffered
                               FROM issuance_lines WHERE issuance_id = NEW.id AND batch_id IS NOT NULL) AS l
                  FULL JOIN (SELECT batch_id,
                                    sum(last_serial - first_serial + 1) FILTER (WHERE to_account = account) AS kept,
                                    sum(last_serial - first_serial + 1) FILTER (WHERE to_account = 2) AS buffered,
                                    count(*) FILTER (WHERE to_account NOT IN (account, 2)) AS elsewhere
                               FROM ledger_entries WHERE log_index = NEW.log_index GROUP BY batch_id) AS e
                    ON e.batch_id = l.batch_id
                 WHERE (coalesce(e.kept, 0), coalesce(e.buffered, 0), e.elsewhere)
                       IS DISTINCT FROM (l.kept, l.buffered, 0));
    END IF;
    IF is_done IS NOT TRUE THEN
        RAISE EXCEPTION 'act % is not what two people approved: %', NEW.log_index, action
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'done_as_ordered';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER done_as_ordered AFTER INSERT ON issuances DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.approved) EXECUTE FUNCTION done_as_ordered('issuance_approval');
CREATE CONSTRAINT TRIGGER done_as_ordered AFTER INSERT ON party_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.what = 'user.roles_set') EXECUTE FUNCTION done_as_ordered('role_change');
CREATE CONSTRAINT TRIGGER done_as_ordered AFTER INSERT ON rule_values DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION done_as_ordered('rule_change');

REVOKE EXECUTE ON FUNCTION roles_follow_acts, done_as_ordered FROM PUBLIC;

-- What the service may do with the calendar and with applications, the guards of their history, and how what
-- applicants write is erased.

GRANT SELECT, INSERT ON calendar_years, holidays, application_contents, application_events TO registry_app;
GRANT SELECT, INSERT, UPDATE ON applications TO registry_app;

DO $$
DECLARE
    name text;
    columns text;
BEGIN
    FOREACH name IN ARRAY ARRAY['calendar_years', 'holidays'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    FOR name, columns IN VALUES ('application_contents', '''content'''), ('application_events', '''reason''') LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure(%s)', name, columns);
        EXECUTE format('CREATE CONSTRAINT TRIGGER erased_by_an_act AFTER UPDATE ON %I DEFERRABLE INITIALLY DEFERRED'
                       ' FOR EACH ROW EXECUTE FUNCTION require_erasure()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER erased_by_an_act', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['calendar_years', 'holidays', 'application_contents', 'application_events'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_not_emptied', name);
    END LOOP;
END
$$;

CREATE TRIGGER words_are_given BEFORE INSERT ON application_contents FOR EACH ROW
    WHEN (NEW.content IS NULL) EXECUTE FUNCTION refuse_wordless();

-- ---------------------------------------------------------------- a closed party has no open account

CREATE FUNCTION refuse_open_account_of_closed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    IF TG_TABLE_NAME = 'parties' THEN
        SELECT EXISTS (SELECT FROM accounts WHERE owner_party_id = NEW.id AND status = 'open') INTO found;
    ELSE
        SELECT EXISTS (SELECT FROM parties WHERE id = NEW.owner_party_id AND closed_at IS NOT NULL) INTO found;
    END IF;
    IF found THEN
        RAISE EXCEPTION 'a closed party has no open account'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'closed_parties_have_no_account';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_open_account_of_closed FROM PUBLIC;
CREATE TRIGGER closed_parties_have_no_account BEFORE UPDATE ON parties FOR EACH ROW
    WHEN (NEW.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_open_account_of_closed();
CREATE TRIGGER closed_parties_have_no_account BEFORE INSERT OR UPDATE ON accounts FOR EACH ROW
    WHEN (NEW.status = 'open' AND NEW.owner_party_id IS NOT NULL)
    EXECUTE FUNCTION refuse_open_account_of_closed();

-- ---------------------------------------------------------------- erasure: as in 0003, and applications

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
    UNION ALL SELECT log_index, 'reason', reason FROM application_events WHERE reason IS NOT NULL;


-- An application's contents go together, and with a user whom they brought in.
CREATE OR REPLACE FUNCTION erasable_acts(p_acts bigint[], p_user text) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH named AS (
        SELECT unnest(p_acts) AS log_index
         UNION SELECT log_index FROM party_events WHERE user_id = p_user
         UNION SELECT other.log_index FROM activity_events e
                 JOIN activity_events other ON other.activity_id = e.activity_id
                WHERE e.log_index = ANY (p_acts) AND e.step IN ('draft', 'amend', 'submit')
                  AND other.step IN ('draft', 'amend', 'submit')
         UNION SELECT other.log_index FROM application_contents c
                 JOIN application_contents other ON other.application_id = c.application_id
                WHERE c.log_index = ANY (p_acts)
         UNION SELECT other.log_index FROM users u JOIN applications a ON a.party_id = u.party_id
                 JOIN application_contents c ON c.application_id = a.id
                 JOIN application_contents other ON other.application_id = a.id
                WHERE u.id = p_user AND position('"' || u.email || '"' IN c.content) > 0),
    holding AS (
        SELECT log_index FROM log_salts WHERE log_index = ANY (ARRAY(SELECT log_index FROM named))
         UNION SELECT log_index FROM erasable_words WHERE log_index = ANY (ARRAY(SELECT log_index FROM named)))
    SELECT ARRAY(SELECT log_index FROM holding ORDER BY log_index)
$$;

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
    DELETE FROM ending_statements WHERE log_index = ANY (acts);
    DELETE FROM log_salts WHERE log_index = ANY (acts);
    RETURN acts;
END
$$;

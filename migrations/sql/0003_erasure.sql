-- Words of people can go, by one road: erase_texts, in a transaction that also puts an act person.erased into the log
-- which names every act whose words go. Everything else of history stays as it is, and so does every leaf.

-- ---------------------------------------------------------------- what is kept, and what may be missing

CREATE TABLE log_salts (
    log_index bigint NOT NULL,
    salt bytea NOT NULL,
    CONSTRAINT pk_log_salts PRIMARY KEY (log_index),
    CONSTRAINT fk_log_salts_log_index FOREIGN KEY (log_index) REFERENCES log_entries (log_index),
    CONSTRAINT ck_log_salts_salt CHECK (octet_length(salt) = 32)
);

ALTER TABLE documents ALTER file_name DROP NOT NULL;
ALTER TABLE validation_opinions ALTER statement DROP NOT NULL;
ALTER TABLE verification_findings ALTER description DROP NOT NULL;
ALTER TABLE verification_opinions ALTER statement DROP NOT NULL;
ALTER TABLE verification_reviews ALTER reason DROP NOT NULL;
ALTER TABLE issuances DROP CONSTRAINT ck_issuances_refusal_has_reason;

ALTER TABLE users ALTER email DROP NOT NULL, ALTER display_name DROP NOT NULL,
    ADD CONSTRAINT ck_users_erased_for_good CHECK (
        (email IS NOT NULL AND display_name IS NOT NULL)
        OR (email IS NULL AND display_name IS NULL AND password_hash IS NULL AND status = 'suspended'));

ALTER TABLE answers ALTER body DROP NOT NULL, ALTER fingerprint DROP NOT NULL,
    ADD CONSTRAINT ck_answers_erased_whole CHECK ((body IS NULL) = (fingerprint IS NULL));
-- Answers that may hold words of people are few; those of the movements of credits are found by the act's moment.
CREATE INDEX ix_answers_words ON answers (recorded_at)
    WHERE scope !~~ 'import:%'
      AND (location IS NULL OR location !~~ '/v1/transfers/%' AND location !~~ '/v1/retirements/%'
           AND location !~~ '/v1/cancellations/%' AND location !~~ '/v1/log/entries/%');
CREATE INDEX ix_answers_recorded_at ON answers USING brin (recorded_at);

-- All that erase_texts can take away, by the act that brought it. An activity's own words are those of all the acts
-- that wrote them.
CREATE VIEW erasable_words (log_index, name, words) AS
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
               WHERE e.step IN ('draft', 'amend', 'submit') AND s.name <> '[erased]';

-- What acts of the log say that they erased. Leaves are not parsed: a forged one must not stop an audit.
CREATE VIEW erased_acts (log_index) AS
    SELECT act::bigint FROM log_entries,
           unnest(string_to_array(substring(encode(leaf, 'escape') FROM '"acts":\[([0-9,]+)\]'), ',')) AS act
     WHERE kind = 'person.erased';

-- ---------------------------------------------------------------- the road

-- Which acts lose something when these acts' words and this user are erased: the acts themselves, those that say why
-- something was decided on the user, and all that wrote the same activity.
CREATE FUNCTION erasable_acts(p_acts bigint[], p_user text) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH named AS (
        SELECT unnest(p_acts) AS log_index
         UNION SELECT log_index FROM party_events WHERE user_id = p_user
         UNION SELECT other.log_index FROM activity_events e
                 JOIN activity_events other ON other.activity_id = e.activity_id
                WHERE e.log_index = ANY (p_acts) AND e.step IN ('draft', 'amend', 'submit')
                  AND other.step IN ('draft', 'amend', 'submit')),
    holding AS (
        SELECT log_index FROM log_salts WHERE log_index = ANY (ARRAY(SELECT log_index FROM named))
         UNION SELECT log_index FROM erasable_words WHERE log_index = ANY (ARRAY(SELECT log_index FROM named)))
    SELECT ARRAY(SELECT log_index FROM holding ORDER BY log_index)
$$;

CREATE FUNCTION erase_texts(p_acts bigint[], p_user text) RETURNS bigint[]
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
    DELETE FROM ending_statements WHERE log_index = ANY (acts);
    DELETE FROM log_salts WHERE log_index = ANY (acts);
    RETURN acts;
END
$$;

-- ---------------------------------------------------------------- the guards

-- Lets an update of history pass only where every column that changes is one of the trigger's arguments and becomes
-- null.
CREATE FUNCTION refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erases boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT bool_and(after.key = ANY (TG_ARGV) AND after.value = 'null') INTO erases
          FROM jsonb_each(to_jsonb(NEW)) AS after JOIN jsonb_each(to_jsonb(OLD)) AS before USING (key)
         WHERE after.value <> before.value;
        IF erases THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: history is only added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_is_only_added_to';
END
$$;

-- Looks, when the transaction ends, for the act that says so. A leaf of this transaction is told by its xmin.
CREATE FUNCTION require_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM log_head h JOIN log_entries l ON l.recorded_at = h.recorded_at
         WHERE l.kind = 'person.erased' AND l.xmin = pg_current_xact_id()::xid
           -- A kept answer belongs to no single act; any erasure may empty it.
           AND convert_from(l.leaf, 'UTF8')::jsonb #> '{data,acts}'
               @> coalesce(to_jsonb(OLD) -> 'log_index', '[]'))
    THEN
        RAISE EXCEPTION 'what % held is erased by no act', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'erased_by_an_act';
    END IF;
    RETURN NULL;
END
$$;

-- Only an erased row may be without words; none comes into being that way.
CREATE FUNCTION refuse_wordless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a new row of % says nothing', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'words_are_given';
END
$$;

DO $$
DECLARE
    name text;
    columns text;
BEGIN
    FOR name, columns IN VALUES
        ('activity_events', '''reason'''),
        ('documents', '''file_name'''),
        ('issuances', '''reason'''),
        ('party_events', '''why'''),
        ('report_events', '''reason'''),
        ('validation_opinions', '''statement'''),
        ('verification_findings', '''description'', ''response'''),
        ('verification_opinions', '''statement'''),
        ('verification_reviews', '''reason''')
    LOOP
        EXECUTE format('DROP TRIGGER history_is_only_added_to ON %I', name);
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure(%s)', name, columns);
        EXECUTE format('CREATE CONSTRAINT TRIGGER erased_by_an_act AFTER UPDATE ON %I DEFERRABLE INITIALLY DEFERRED'
                       ' FOR EACH ROW EXECUTE FUNCTION require_erasure()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER erased_by_an_act', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ending_statements', 'log_salts'] LOOP
        EXECUTE format('CREATE TRIGGER nothing_is_changed BEFORE UPDATE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER nothing_is_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE CONSTRAINT TRIGGER erased_by_an_act AFTER DELETE ON %I DEFERRABLE INITIALLY DEFERRED'
                       ' FOR EACH ROW EXECUTE FUNCTION require_erasure()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER nothing_is_changed', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER nothing_is_emptied', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER erased_by_an_act', name);
    END LOOP;
END
$$;

CREATE CONSTRAINT TRIGGER erased_by_an_act AFTER UPDATE OF body, fingerprint ON answers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_erasure();
ALTER TABLE answers ENABLE ALWAYS TRIGGER erased_by_an_act;

CREATE TRIGGER words_are_given BEFORE INSERT ON documents FOR EACH ROW
    WHEN (NEW.file_name IS NULL) EXECUTE FUNCTION refuse_wordless();
CREATE TRIGGER words_are_given BEFORE INSERT ON issuances FOR EACH ROW
    WHEN (NEW.reason IS NULL AND NOT NEW.approved) EXECUTE FUNCTION refuse_wordless();
CREATE TRIGGER words_are_given BEFORE INSERT ON validation_opinions FOR EACH ROW
    WHEN (NEW.statement IS NULL) EXECUTE FUNCTION refuse_wordless();
CREATE TRIGGER words_are_given BEFORE INSERT ON verification_findings FOR EACH ROW
    WHEN (NEW.description IS NULL) EXECUTE FUNCTION refuse_wordless();
CREATE TRIGGER words_are_given BEFORE INSERT ON verification_opinions FOR EACH ROW
    WHEN (NEW.statement IS NULL) EXECUTE FUNCTION refuse_wordless();
CREATE TRIGGER words_are_given BEFORE INSERT ON verification_reviews FOR EACH ROW
    WHEN (NEW.reason IS NULL) EXECUTE FUNCTION refuse_wordless();

-- ---------------------------------------------------------------- rights

GRANT SELECT, INSERT ON log_salts TO registry_app;
GRANT SELECT ON erasable_words, erased_acts TO registry_app;
REVOKE EXECUTE ON FUNCTION erasable_acts, erase_texts, refuse_all_but_erasure, require_erasure, refuse_wordless
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erasable_acts, erase_texts TO registry_app;

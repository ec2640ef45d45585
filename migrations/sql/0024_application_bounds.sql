-- What applications and their files are bounded by is held here, whatever comes at once; and with a person go the words of
-- the applications that let them in.

-- ---------------------------------------------------------------- beginnings of an hour

CREATE INDEX ix_applications_begun ON applications (begun_at) WHERE kind = 'opening';

-- ---------------------------------------------------------------- what waits

-- Whether a file counts among those of applicants who were not let in: a sum over these alone stays short.
DROP TRIGGER file_stays_itself ON application_files;
ALTER TABLE application_files ADD COLUMN is_waiting boolean NOT NULL DEFAULT true;
UPDATE application_files f SET is_waiting = false
  FROM applications a WHERE a.id = f.application_id AND a.status = 'admitted';
CREATE INDEX ix_application_files_waiting ON application_files (is_waiting) INCLUDE (bytes) WHERE is_waiting;
CREATE TRIGGER file_stays_itself BEFORE UPDATE ON application_files FOR EACH ROW
    WHEN (NEW.is_waiting OR to_jsonb(NEW) - 'is_waiting' <> to_jsonb(OLD) - 'is_waiting')
    EXECUTE FUNCTION refuse_change();

CREATE FUNCTION let_files_in() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE application_files SET is_waiting = false WHERE application_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_wait_no_longer AFTER UPDATE OF status ON applications
    FOR EACH ROW WHEN (NEW.status = 'admitted' AND OLD.status <> 'admitted') EXECUTE FUNCTION let_files_in();

DROP FUNCTION application_bytes_waiting;
CREATE FUNCTION application_files_waiting(OUT files bigint, OUT bytes bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(*), coalesce(sum(f.bytes), 0)::bigint FROM application_files f WHERE f.is_waiting
$$;

-- ---------------------------------------------------------------- what is kept

-- Only what the applicant names is kept, and only where there is room. The application is held until the file can be
-- seen, so a step of it waits, or this one finds it done; the words likewise, as in 0019. Then files are kept one by one,
-- so that each is counted by the next. Who waits for that has all else it needs, so nothing can wait in a circle.
CREATE OR REPLACE FUNCTION refuse_unnamed_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stands text;
    said_at bigint;
    said text;
    waiting record;
BEGIN
    SELECT status, content_log_index INTO stands, said_at
      FROM applications WHERE id = NEW.application_id FOR SHARE;
    SELECT content INTO said FROM application_contents WHERE log_index = said_at FOR SHARE;
    IF said IS NULL OR stands IN ('admitted', 'refused', 'withdrawn')
       OR NOT is_named_file(said, NEW.sha256, NEW.bytes, NEW.media_type) THEN
        RAISE EXCEPTION 'the application does not name this file'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_files_are_named', TABLE = TG_TABLE_NAME;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('application_files', 0));
    IF EXISTS (SELECT FROM application_files WHERE application_id = NEW.application_id AND sha256 = NEW.sha256) THEN
        RETURN NEW; -- it is here, and the primary key says so
    END IF;
    IF NEW.bytes + (SELECT coalesce(sum(bytes), 0) FROM application_files WHERE application_id = NEW.application_id)
       > 100000000 THEN
        RAISE EXCEPTION 'the files of an application are too large together'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_files_are_bounded', TABLE = TG_TABLE_NAME;
    END IF;
    waiting := application_files_waiting();
    IF waiting.files >= 100000 OR waiting.bytes + NEW.bytes > 20000000000 THEN
        RAISE EXCEPTION 'there is no room for more files of applicants'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_files_have_room', TABLE = TG_TABLE_NAME;
    END IF;
    NEW.is_waiting := true;
    RETURN NEW;
END
$$;

-- ---------------------------------------------------------------- erasure: as in 0020, and what was asked and answered

-- With a user go all words of the applications that brought them in, or that renew their own documents: contents, questions,
-- answers and reasons.
CREATE OR REPLACE FUNCTION erasable_acts(p_acts bigint[], p_user text) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH theirs AS (
        SELECT DISTINCT a.id FROM users u JOIN applications a ON a.party_id = u.party_id
          JOIN application_contents c ON c.application_id = a.id
         WHERE u.id = p_user AND (position('"' || u.email || '"' IN c.content) > 0
               OR a.kind = 'renewal' AND a.holder_kind = 'natural_person')),
    named AS (
        SELECT unnest(p_acts) AS log_index
         UNION SELECT log_index FROM party_events WHERE user_id = p_user
         UNION SELECT other.log_index FROM activity_events e
                 JOIN activity_events other ON other.activity_id = e.activity_id
                WHERE e.log_index = ANY (p_acts) AND e.step IN ('draft', 'amend', 'submit')
                  AND other.step IN ('draft', 'amend', 'submit')
         UNION SELECT other.log_index FROM application_contents c
                 JOIN application_contents other ON other.application_id = c.application_id
                WHERE c.log_index = ANY (p_acts)
         UNION SELECT c.log_index FROM theirs JOIN application_contents c ON c.application_id = theirs.id
         UNION SELECT e.log_index FROM theirs JOIN application_events e ON e.application_id = theirs.id),
    holding AS (
        SELECT log_index FROM log_salts WHERE log_index = ANY (ARRAY(SELECT log_index FROM named))
         UNION SELECT log_index FROM erasable_words WHERE log_index = ANY (ARRAY(SELECT log_index FROM named)))
    SELECT ARRAY(SELECT log_index FROM holding ORDER BY log_index)
$$;

-- ---------------------------------------------------------------- rights

REVOKE EXECUTE ON FUNCTION let_files_in, application_files_waiting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION application_files_waiting TO registry_app;

-- Files of applications for an account. Their bytes lie in the store of documents, each under a key of its own, which
-- is here, under the installation's: where a row goes, nothing can read the bytes any more, nor those of a copy of the store.

-- An applicant may take their application back, until a decision is recommended.
ALTER TABLE applications DROP CONSTRAINT ck_applications_status_known, DROP CONSTRAINT ck_applications_submitted,
    ADD CONSTRAINT ck_applications_status_known CHECK (status IN (
        'draft', 'submitted', 'asked', 'answered', 'recommended', 'admitted', 'refused', 'withdrawn')),
    ADD CONSTRAINT ck_applications_submitted
        CHECK (status = 'withdrawn' OR (status = 'draft') = (submitted_at IS NULL));
ALTER TABLE application_events DROP CONSTRAINT ck_application_events_step_known,
    ADD CONSTRAINT ck_application_events_step_known CHECK (step IN (
        'amend', 'submit', 'ask', 'answer', 'recommend', 'admit', 'refuse', 'withdraw'));

CREATE TABLE application_files (
    application_id text NOT NULL,
    sha256 text NOT NULL,
    id text NOT NULL,
    bytes integer NOT NULL,
    media_type text NOT NULL,
    sealed_key bytea NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT pk_application_files PRIMARY KEY (application_id, sha256),
    CONSTRAINT uq_application_files_id UNIQUE (id),
    CONSTRAINT fk_application_files_application_id FOREIGN KEY (application_id) REFERENCES applications (id),
    CONSTRAINT ck_application_files_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_application_files_not_empty CHECK (bytes > 0),
    CONSTRAINT ck_application_files_sealed_key CHECK (octet_length(sealed_key) = 60)
);

CREATE FUNCTION is_named_file(p_content text, p_sha256 text, p_bytes integer, p_media_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT p_content::jsonb -> 'documents' @> jsonb_build_array(
        jsonb_build_object('sha256', p_sha256, 'bytes', p_bytes, 'media_type', p_media_type))
$$;

-- Only what the applicant names is kept, and not beside words that are being erased: an erasure waits for this
-- transaction, or this one finds them gone. The service itself may not hold rows of history, so the owner does.
CREATE FUNCTION refuse_unnamed_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said text;
    stands text;
BEGIN
    SELECT c.content, a.status INTO said, stands
      FROM applications a JOIN application_contents c ON c.log_index = a.content_log_index
     WHERE a.id = NEW.application_id FOR SHARE OF c;
    IF said IS NULL OR stands IN ('admitted', 'refused', 'withdrawn')
       OR NOT is_named_file(said, NEW.sha256, NEW.bytes, NEW.media_type) THEN
        RAISE EXCEPTION 'the application does not name this file'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_files_are_named', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;

-- The files of somebody who was let in stay for as long as their words do.
CREATE FUNCTION refuse_losing_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM applications a JOIN application_contents c ON c.log_index = a.content_log_index
                WHERE a.id = OLD.application_id AND a.status = 'admitted' AND c.content IS NOT NULL) THEN
        RAISE EXCEPTION 'the file of an admitted applicant is not removed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'admitted_keep_their_files', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;

CREATE FUNCTION drop_erased_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM application_files WHERE application_id = NEW.application_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER application_files_are_named BEFORE INSERT ON application_files
    FOR EACH ROW EXECUTE FUNCTION refuse_unnamed_file();
CREATE TRIGGER file_stays_itself BEFORE UPDATE ON application_files
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER admitted_keep_their_files BEFORE DELETE ON application_files
    FOR EACH ROW EXECUTE FUNCTION refuse_losing_file();
CREATE TRIGGER files_are_not_emptied BEFORE TRUNCATE ON application_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER files_go_with_the_words AFTER UPDATE OF content ON application_contents
    FOR EACH ROW WHEN (NEW.content IS NULL) EXECUTE FUNCTION drop_erased_files();

-- Removes what an applicant does not name any more, and what the rule of today (Bangkok) lets go: refused, withdrawn, or waiting
-- for the applicant, so many days after the last step. Without a rule nothing goes that is named.
CREATE FUNCTION drop_application_files(p_now timestamptz, p_rows_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept_days integer := (
        SELECT value::integer FROM rule_values
         WHERE key = 'application_file_days' AND programme_code IS NULL
           AND valid_from <= (p_now AT TIME ZONE 'Asia/Bangkok')::date
           AND (valid_to IS NULL OR valid_to >= (p_now AT TIME ZONE 'Asia/Bangkok')::date)
         ORDER BY valid_from DESC, id DESC LIMIT 1);
    dropped bigint;
BEGIN
    DELETE FROM application_files
     WHERE id IN (
        SELECT f.id FROM applications a
          JOIN application_contents c ON c.log_index = a.content_log_index
          JOIN application_files f ON f.application_id = a.id
         WHERE a.status <> 'admitted'
           AND (NOT is_named_file(c.content, f.sha256, f.bytes, f.media_type)
                OR a.status IN ('draft', 'asked', 'refused', 'withdrawn')
                   AND (SELECT max(e.recorded_at) FROM application_events e WHERE e.application_id = a.id)
                       < p_now - make_interval(days => kept_days))
         ORDER BY f.id LIMIT p_rows_max FOR UPDATE OF f SKIP LOCKED);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

-- How many bytes lie here for applicants who were not let in (yet).
CREATE FUNCTION application_bytes_waiting() RETURNS bigint
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(f.bytes), 0)::bigint
      FROM applications a JOIN application_files f ON f.application_id = a.id
     WHERE a.status <> 'admitted'
$$;

-- ---------------------------------------------------------------- rights

REVOKE EXECUTE ON FUNCTION
    is_named_file, refuse_unnamed_file, refuse_losing_file, drop_erased_files, drop_application_files,
    application_bytes_waiting
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_application_files, application_bytes_waiting TO registry_app;
GRANT SELECT, INSERT, DELETE ON application_files TO registry_app;
GRANT SELECT ON application_files TO registry_reader;

-- Renewals: a party that is in the register applies again, with new documents. Its people sign in, so it has no secret.

ALTER TABLE applications
    ADD COLUMN kind text NOT NULL DEFAULT 'opening',
    -- Admitted, and the party's documents are those of a later renewal.
    ADD COLUMN is_superseded boolean NOT NULL DEFAULT false,
    ALTER COLUMN secret_sha256 DROP NOT NULL,
    DROP CONSTRAINT uq_applications_party_id,
    DROP CONSTRAINT ck_applications_admitted,
    ADD CONSTRAINT ck_applications_kind_known CHECK (kind IN ('opening', 'renewal')),
    ADD CONSTRAINT ck_applications_secret_or_party CHECK ((kind = 'renewal') = (secret_sha256 IS NULL)),
    ADD CONSTRAINT ck_applications_superseded CHECK (NOT is_superseded OR status = 'admitted'),
    ADD CONSTRAINT ck_applications_admitted
        CHECK ((kind = 'renewal' OR status = 'admitted') = (party_id IS NOT NULL) AND (status <> 'admitted' OR is_favourable));

CREATE INDEX ix_applications_party_id ON applications (party_id);
-- A party comes of one application, renews once at a time, and one set of documents holds.
CREATE UNIQUE INDEX uq_applications_opening ON applications (party_id) WHERE kind = 'opening';
CREATE UNIQUE INDEX uq_applications_open_renewal ON applications (party_id)
    WHERE kind = 'renewal' AND status IN ('draft', 'submitted', 'asked', 'answered', 'recommended');
CREATE UNIQUE INDEX uq_applications_current ON applications (party_id) WHERE status = 'admitted' AND NOT is_superseded;
DROP INDEX ix_applications_renewal;
CREATE INDEX ix_applications_renewal ON applications (documents_expire_on, id) WHERE status = 'admitted' AND NOT is_superseded;

-- Which party an application is of, and that it is a renewal, never changes; what was superseded stays so.
CREATE FUNCTION refuse_other_party() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'an application stays what it is, and of whom'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'application_stays_of_its_party', TABLE = TG_TABLE_NAME;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_other_party FROM PUBLIC;
CREATE TRIGGER application_stays_of_its_party BEFORE UPDATE ON applications FOR EACH ROW
    WHEN (NEW.kind <> OLD.kind OR OLD.party_id <> NEW.party_id OR (OLD.party_id IS NOT NULL AND NEW.party_id IS NULL)
          OR (OLD.is_superseded AND NOT NEW.is_superseded))
    EXECUTE FUNCTION refuse_other_party();

-- ---------------------------------------------------------------- erasure: as in 0007, and renewals

-- An application's contents go together, and with a user whom they brought in, or whose own documents they renew.
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
                WHERE u.id = p_user AND (position('"' || u.email || '"' IN c.content) > 0
                      OR a.kind = 'renewal' AND a.holder_kind = 'natural_person')),
    holding AS (
        SELECT log_index FROM log_salts WHERE log_index = ANY (ARRAY(SELECT log_index FROM named))
         UNION SELECT log_index FROM erasable_words WHERE log_index = ANY (ARRAY(SELECT log_index FROM named)))
    SELECT ARRAY(SELECT log_index FROM holding ORDER BY log_index)
$$;

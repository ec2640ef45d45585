-- The publisher: it reads the log and writes what it has published of it, nothing else.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_publisher') THEN
        CREATE ROLE registry_publisher NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server was migrated at the same moment; roles belong to the server
END
$$;

INSERT INTO log_checkpoint (only_row, size, root, signing_size, signing_root)
VALUES (true, 0, sha256(''::bytea), 0, sha256(''::bytea));

-- What was promised once stands: sizes only grow, a size has one root, and no size is beyond the log.
CREATE FUNCTION refuse_other_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.size < OLD.size OR NEW.signing_size < OLD.signing_size THEN
        RAISE EXCEPTION 'the published log only grows'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'published_log_only_grows';
    END IF;
    IF (NEW.size = OLD.size AND NEW.root <> OLD.root)
        OR (NEW.signing_size = OLD.signing_size AND NEW.signing_root <> OLD.signing_root)
        OR (NEW.size = NEW.signing_size AND NEW.root <> NEW.signing_root) THEN
        RAISE EXCEPTION 'a size of the log has one root'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'published_log_has_one_root';
    END IF;
    IF NEW.signing_size > (SELECT h.size FROM log_head h) THEN
        RAISE EXCEPTION 'the log has no % acts', NEW.signing_size
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'published_log_is_in_the_log';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_other_history FROM PUBLIC;

CREATE TRIGGER published_log_stands BEFORE UPDATE ON log_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_other_history();
CREATE TRIGGER nothing_is_removed BEFORE DELETE ON log_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nothing_is_emptied BEFORE TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON log_checkpoint TO registry_app;
GRANT USAGE ON SCHEMA public TO registry_publisher;
GRANT SELECT ON alembic_version, log_head, log_entries TO registry_publisher;
GRANT SELECT, UPDATE ON log_checkpoint TO registry_publisher;

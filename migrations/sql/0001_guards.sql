-- Who may do what in the database, and the guards of history.
--
-- The service acts as registry_app. It reads everything, adds to history, and changes present states; it removes
-- nothing, and it writes the log and the ledger only through take_pen and commit_acts.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') THEN
        CREATE ROLE registry_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server was migrated at the same moment; roles belong to the server
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$
BEGIN
    -- A temporary table could shadow one of ours within a session.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;
GRANT USAGE ON SCHEMA public TO registry_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_pen, commit_acts TO registry_app;
GRANT SELECT ON alembic_version TO registry_app;  -- so that the service can tell its own age

-- Written only through the door.
GRANT SELECT ON
    answers, balances, batches, blocks, ending_statements, endings, ledger_entries, log_entries,
    log_head
    TO registry_app;

-- Added to, never changed.
GRANT SELECT, INSERT ON
    activity_events, activity_readers, documents, history_sources, issuance_lines, issuances,
    monitoring_documents, monitoring_lines, party_events, programme_members, recognitions,
    report_events, rule_values, validation_opinions, verification_documents, verification_findings,
    verification_lines, verification_opinions, verification_reviews
    TO registry_app;
GRANT SELECT ON provinces TO registry_app;

-- Present states.
GRANT SELECT, INSERT, UPDATE ON
    accounts, accreditations, activities, api_keys, methodologies, monitoring_reports, parties,
    programmes, sites, users, verifications
    TO registry_app;

-- Privileges bind others; a trigger binds the owner's own hand too, until they take it away: that is what the
-- published log is for.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'activity_events', 'activity_readers', 'documents', 'endings', 'history_sources',
        'issuance_lines', 'issuances', 'ledger_entries', 'log_entries', 'monitoring_documents',
        'monitoring_lines', 'party_events', 'programme_members', 'provinces', 'recognitions',
        'report_events', 'rule_values', 'validation_opinions', 'verification_documents',
        'verification_findings', 'verification_lines', 'verification_opinions', 'verification_reviews'
    ] LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_not_emptied', name);
    END LOOP;
    -- Blocks, balances and the like change, but no row of them ever goes. (Statements of endings can be erased.)
    FOREACH name IN ARRAY ARRAY[
        'answers', 'balances', 'batches', 'blocks', 'log_head'
    ] LOOP
        EXECUTE format('CREATE TRIGGER nothing_is_removed BEFORE DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER nothing_is_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END
$$;

INSERT INTO log_head (only_row, size, root, peaks, recorded_at)
VALUES (true, 0, sha256(''::bytea), ''::bytea, '1970-01-01 00:00:00+00');

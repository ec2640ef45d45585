-- The role of the API's reads: it sees what the service sees, but of people only those of the party that the
-- transaction names in app.party (or of all, where it says *). Where a route forgets to say, it sees nobody. It never
-- sees what people sign in with, why somebody was suspended, or the answers kept for others.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_reader') THEN
        CREATE ROLE registry_reader NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server was migrated at the same moment; roles belong to the server
END
$$;
-- A login that is a member of the service's role, and of nothing else, can take this one too.
DO $$
BEGIN
    IF NOT pg_has_role('registry_app', 'registry_reader', 'MEMBER') THEN
        GRANT registry_reader TO registry_app;
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;  -- as above
END
$$;
GRANT USAGE ON SCHEMA public TO registry_reader;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT table_name FROM information_schema.role_table_grants
         WHERE grantee = 'registry_app' AND privilege_type = 'SELECT' AND table_schema = 'public'
           AND table_name NOT IN ('answers', 'api_keys', 'party_events', 'users', 'sessions', 'refresh_tokens',
                                  'sign_in_guesses', 'totp_secrets', 'recovery_codes', 'confirmations')
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO registry_reader', name);
    END LOOP;
END
$$;
GRANT SELECT (id, party_id, party_kind, email, display_name, roles, status, version, created_at)
    ON users TO registry_reader;
GRANT SELECT (id, user_id, label, created_at, revoked_at, expires_at, scopes, addresses, last_used_at)
    ON api_keys TO registry_reader;

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
-- The service itself, as it signs people in and writes, sees all: a condition that is always true costs nothing.
CREATE POLICY of_the_service ON users TO registry_app USING (true) WITH CHECK (true);
CREATE POLICY of_the_service ON api_keys TO registry_app USING (true) WITH CHECK (true);
CREATE POLICY of_a_party ON users FOR SELECT TO registry_reader
    USING (current_setting('app.party', true) IN ('*', party_id));
-- Keys go with their users: the query inside is held by the policy above.
CREATE POLICY of_a_party ON api_keys FOR SELECT TO registry_reader
    USING (EXISTS (SELECT FROM users u WHERE u.id = user_id));

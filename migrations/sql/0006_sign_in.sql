-- Who is signed in, with what, and how often somebody may guess. None of it is history of the register: rows pass.

CREATE TABLE sessions (
    id text NOT NULL,
    user_id text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    address text NOT NULL,
    second_factor text,
    ended_at timestamptz,
    end_reason text,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_sessions_moments_in_order CHECK (last_used_at >= created_at AND expires_at > created_at),
    CONSTRAINT ck_sessions_ended_for_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT ck_sessions_end_reason
        CHECK (end_reason IN ('displaced', 'expired', 'factor_removed', 'password_set', 'reused', 'signed_out')),
    CONSTRAINT ck_sessions_second_factor CHECK (second_factor IN ('recovery_code', 'totp'))
);
CREATE INDEX ix_sessions_user_id_id ON sessions (user_id, id);
CREATE INDEX ix_sessions_live ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    session_id text NOT NULL,
    issued_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (digest),
    CONSTRAINT fk_refresh_tokens_session_id
        FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT ck_refresh_tokens_digest_length CHECK (octet_length(digest) = 32)
);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);
-- Of a session's tokens at most one can still be used.
CREATE UNIQUE INDEX uq_refresh_tokens_open ON refresh_tokens (session_id) WHERE used_at IS NULL;

CREATE TABLE sign_in_guesses (
    scope text NOT NULL,
    name bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT pk_sign_in_guesses PRIMARY KEY (scope, name),
    CONSTRAINT ck_sign_in_guesses_scope CHECK (scope IN ('account', 'address', 'everybody', 'known')),
    CONSTRAINT ck_sign_in_guesses_name_length CHECK (octet_length(name) = 32),
    CONSTRAINT ck_sign_in_guesses_failures CHECK (failures >= 0)
);
CREATE INDEX ix_sign_in_guesses_last_at ON sign_in_guesses (last_at);
-- The one row that strangers who guess at the same moment wait for: there is always one to lock.
INSERT INTO sign_in_guesses VALUES ('everybody', decode(repeat('00', 32), 'hex'), 0, '1970-01-01 00:00:00+00');

CREATE TABLE totp_secrets (
    id text NOT NULL,
    user_id text NOT NULL,
    sealed bytea,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    removed_at timestamptz,
    last_step bigint,
    CONSTRAINT pk_totp_secrets PRIMARY KEY (id),
    CONSTRAINT fk_totp_secrets_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_totp_secrets_removed_is_gone CHECK ((removed_at IS NULL) = (sealed IS NOT NULL)),
    CONSTRAINT ck_totp_secrets_confirmed_by_a_code CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
);
CREATE INDEX ix_totp_secrets_user_id_id ON totp_secrets (user_id, id);
CREATE UNIQUE INDEX uq_totp_secrets_confirmed ON totp_secrets (user_id)
    WHERE confirmed_at IS NOT NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX uq_totp_secrets_pending ON totp_secrets (user_id)
    WHERE confirmed_at IS NULL AND removed_at IS NULL;

CREATE TABLE recovery_codes (
    user_id text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, digest),
    CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_recovery_codes_digest_length CHECK (octet_length(digest) = 32)
);

CREATE TABLE confirmations (
    id text NOT NULL,
    user_id text NOT NULL,
    digest text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_confirmations PRIMARY KEY (id),
    CONSTRAINT fk_confirmations_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_confirmations_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_confirmations_short
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '5 minutes'),
    CONSTRAINT ck_confirmations_used_in_time CHECK (used_at < expires_at)
);
CREATE INDEX ix_confirmations_user_id_digest_id ON confirmations (user_id, digest, id);
CREATE INDEX ix_confirmations_expires_at ON confirmations (expires_at);

-- Null: not limited, as keys from before this were not.
ALTER TABLE api_keys
    ADD scopes text[],
    ADD addresses cidr[],
    ADD expires_at timestamptz,
    ADD last_used_at timestamptz,
    ADD CONSTRAINT ck_api_keys_has_scope CHECK (cardinality(scopes) > 0),
    ADD CONSTRAINT ck_api_keys_has_address CHECK (cardinality(addresses) > 0),
    ADD CONSTRAINT ck_api_keys_works_at_first CHECK (expires_at > created_at);

-- ---------------------------------------------------------------- what is never taken back

-- Once a column named as an argument holds something, it keeps it: used is used, ended is ended.
CREATE FUNCTION refuse_undoing() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF to_jsonb(OLD) -> name <> 'null'::jsonb
           AND to_jsonb(OLD) -> name IS DISTINCT FROM to_jsonb(NEW) -> name THEN
            RAISE EXCEPTION '% of % is not taken back', name, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;

-- A code works once: the step it belongs to must be later than the last one that was taken.
CREATE FUNCTION refuse_old_step() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.last_step IS NOT NULL AND (NEW.last_step IS NULL OR NEW.last_step <= OLD.last_step) THEN
        RAISE EXCEPTION 'step % is not later than %', NEW.last_step, OLD.last_step
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_undoing, refuse_old_step FROM PUBLIC;

CREATE TRIGGER session_ends_once BEFORE UPDATE ON sessions
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('ended_at', 'end_reason', 'expires_at', 'user_id');
CREATE TRIGGER refresh_token_is_used_once BEFORE UPDATE ON refresh_tokens
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('used_at', 'session_id');
CREATE TRIGGER recovery_code_is_used_once BEFORE UPDATE ON recovery_codes
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('used_at');
CREATE TRIGGER confirmation_is_used_once BEFORE UPDATE ON confirmations
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('used_at', 'digest', 'user_id', 'expires_at');
CREATE TRIGGER totp_secret_is_removed_once BEFORE UPDATE ON totp_secrets
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('removed_at', 'confirmed_at', 'user_id');
CREATE TRIGGER totp_step_only_grows BEFORE UPDATE OF last_step ON totp_secrets
    FOR EACH ROW EXECUTE FUNCTION refuse_old_step();
CREATE TRIGGER api_key_keeps_its_limits BEFORE UPDATE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('scopes', 'expires_at', 'revoked_at', 'user_id');

-- ---------------------------------------------------------------- rights

GRANT SELECT, INSERT, UPDATE, DELETE ON
    confirmations, recovery_codes, refresh_tokens, sessions, sign_in_guesses, totp_secrets
    TO registry_app;

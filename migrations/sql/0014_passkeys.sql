-- Who came in, who failed to, and who read about whom; and passkeys, a way to come in.

-- ---------------------------------------------------------------- records of access

CREATE TABLE access_records (
    id text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    what text NOT NULL,
    about text,
    by text,
    network text,
    session_id text,
    key_id text,
    CONSTRAINT pk_access_records PRIMARY KEY (id),
    CONSTRAINT ck_access_records_kind
        CHECK (kind IN ('access_read', 'application_read', 'personal_data_read', 'session_ended', 'sign_in_changed',
                        'sign_in_failed', 'signed_in', 'user_read')),
    CONSTRAINT ck_access_records_what CHECK (what ~ '^[a-z][a-z0-9_.]{0,63}$'),
    CONSTRAINT ck_access_records_about CHECK (about ~ '^(usr|apl)_[0-9a-z]{26}$'),
    CONSTRAINT ck_access_records_by CHECK (by ~ '^(usr_[0-9a-z]{26}|registry)$')
);
CREATE INDEX ix_access_records_at_id ON access_records (at, id);
CREATE INDEX ix_access_records_kind_at_id ON access_records (kind, at, id);
CREATE INDEX ix_access_records_about_at_id ON access_records (about, at, id);
CREATE INDEX ix_access_records_about_kind_at_id ON access_records (about, kind, at, id);
CREATE INDEX ix_access_records_to_others ON access_records (by, at, id) WHERE by IS DISTINCT FROM about;
CREATE INDEX ix_access_records_to_others_by_kind ON access_records (by, kind, at, id)
    WHERE by IS DISTINCT FROM about;

-- Since when records are kept, by the rule of today in Bangkok; null: there is no rule, and nothing goes.
CREATE FUNCTION access_kept_since() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT now() - make_interval(years => value::integer) FROM rule_values
     WHERE key = 'access_record_years' AND programme_code IS NULL
       AND valid_from <= (now() AT TIME ZONE 'Asia/Bangkok')::date
       AND (valid_to IS NULL OR valid_to >= (now() AT TIME ZONE 'Asia/Bangkok')::date)
     ORDER BY valid_from DESC, id DESC LIMIT 1
$$;

CREATE FUNCTION is_erased(p_user text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM users WHERE id = p_user AND email IS NULL)
$$;

-- From where somebody came who has been erased is not kept, be it recorded a moment too late.
CREATE FUNCTION come_from_nowhere() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.network IS NOT NULL AND is_erased(coalesce(NEW."by", NEW.about)) THEN
        NEW.network := NULL;
    END IF;
    RETURN NEW;
END
$$;

-- Whoever writes, the owner too: a record loses the network of a person who was erased, and goes when it is old.
CREATE FUNCTION refuse_other_access() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < access_kept_since() THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NEW.network IS NULL AND to_jsonb(NEW) - 'network' = to_jsonb(OLD) - 'network'
           AND is_erased(coalesce(OLD."by", OLD.about)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION forget_networks(p_user text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE access_records SET network = NULL
     WHERE network IS NOT NULL AND about = p_user AND (by IS NULL OR by = p_user);
    UPDATE access_records SET network = NULL
     WHERE network IS NOT NULL AND by = p_user AND by IS DISTINCT FROM about
$$;

CREATE FUNCTION drop_old_access(p_rows_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept_since timestamptz := access_kept_since();
    dropped bigint;
BEGIN
    DELETE FROM access_records
     WHERE id IN (SELECT id FROM access_records WHERE at < kept_since ORDER BY at, id LIMIT p_rows_max
                     FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

CREATE TRIGGER access_of_the_erased BEFORE INSERT ON access_records
    FOR EACH ROW EXECUTE FUNCTION come_from_nowhere();
CREATE TRIGGER access_is_only_added_to BEFORE UPDATE OR DELETE ON access_records
    FOR EACH ROW EXECUTE FUNCTION refuse_other_access();
ALTER TABLE access_records ENABLE ALWAYS TRIGGER access_is_only_added_to;
CREATE TRIGGER access_is_not_emptied BEFORE TRUNCATE ON access_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_access();
ALTER TABLE access_records ENABLE ALWAYS TRIGGER access_is_not_emptied;

-- ---------------------------------------------------------------- passkeys

CREATE TABLE passkeys (
    id text NOT NULL,
    user_id text NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT pk_passkeys PRIMARY KEY (id),
    CONSTRAINT fk_passkeys_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id),
    CONSTRAINT ck_passkeys_credential_id CHECK (octet_length(credential_id) BETWEEN 16 AND 1023),
    CONSTRAINT ck_passkeys_public_key CHECK (octet_length(public_key) BETWEEN 32 AND 2048),
    CONSTRAINT ck_passkeys_sign_count CHECK (sign_count BETWEEN 0 AND 4294967295),
    CONSTRAINT ck_passkeys_name CHECK (char_length(name) BETWEEN 1 AND 200)
);
CREATE INDEX ix_passkeys_user_id_id ON passkeys (user_id, id);

-- What an authenticator is to sign. The one of a confirmation ends with the SHA-256 of what is confirmed.
CREATE TABLE passkey_challenges (
    challenge bytea NOT NULL,
    purpose text NOT NULL,
    user_id text,
    network text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_passkey_challenges PRIMARY KEY (challenge),
    CONSTRAINT fk_passkey_challenges_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_passkey_challenges_purpose CHECK (purpose IN ('confirm', 'register', 'sign_in')),
    CONSTRAINT ck_passkey_challenges_challenge
        CHECK (octet_length(challenge) = CASE purpose WHEN 'confirm' THEN 64 ELSE 32 END),
    CONSTRAINT ck_passkey_challenges_whose CHECK ((user_id IS NULL) = (purpose = 'sign_in')),
    CONSTRAINT ck_passkey_challenges_short
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '5 minutes')
);
CREATE INDEX ix_passkey_challenges_user_id ON passkey_challenges (user_id);
CREATE INDEX ix_passkey_challenges_network_expires_at ON passkey_challenges (network, expires_at);
CREATE INDEX ix_passkey_challenges_expires_at ON passkey_challenges (expires_at);

ALTER TABLE sessions DROP CONSTRAINT ck_sessions_second_factor,
    ADD CONSTRAINT ck_sessions_second_factor CHECK (second_factor IN ('passkey', 'recovery_code', 'totp'));

-- An authenticator that counts, counts up: an older number comes from a copy of it. Those that do not count say 0.
CREATE FUNCTION refuse_old_count() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.sign_count <= OLD.sign_count AND NEW.sign_count + OLD.sign_count > 0 THEN
        RAISE EXCEPTION 'the count % does not come after %', NEW.sign_count, OLD.sign_count
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER passkey_count_only_grows BEFORE UPDATE OF sign_count ON passkeys
    FOR EACH ROW EXECUTE FUNCTION refuse_old_count();
CREATE TRIGGER passkey_stays_itself BEFORE UPDATE ON passkeys
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('credential_id', 'public_key', 'user_id', 'created_at');
CREATE TRIGGER challenge_stays_itself BEFORE UPDATE ON passkey_challenges
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('challenge', 'purpose', 'user_id', 'expires_at', 'created_at');

-- ---------------------------------------------------------------- rights

REVOKE EXECUTE ON FUNCTION
    access_kept_since, is_erased, come_from_nowhere, refuse_other_access, forget_networks, drop_old_access,
    refuse_old_count
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_erased, forget_networks, drop_old_access TO registry_app;
GRANT SELECT, INSERT ON access_records TO registry_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON passkeys, passkey_challenges TO registry_app;

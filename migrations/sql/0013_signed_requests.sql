-- Requests that machines sign: the public key of an API key, and which signed requests have come. The latter is no
-- history of the register: rows pass.

-- Null: what the key changes need not be signed, as with keys from before this.
ALTER TABLE api_keys
    ADD public_key bytea,
    ADD CONSTRAINT ck_api_keys_public_key_length CHECK (octet_length(public_key) = 32);

CREATE TABLE signed_requests (
    key_id text NOT NULL,
    digest bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT pk_signed_requests PRIMARY KEY (key_id, digest),
    CONSTRAINT fk_signed_requests_key_id FOREIGN KEY (key_id) REFERENCES api_keys (id),
    CONSTRAINT ck_signed_requests_digest_length CHECK (octet_length(digest) = 32)
);
CREATE INDEX ix_signed_requests_key_id_signed_at ON signed_requests (key_id, signed_at);

-- A key that signs goes on signing with the key pair it was issued with, and one that does not is not made to: who
-- could change either could take a key over.
CREATE FUNCTION refuse_another_public_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the public key of an API key is given at its issue'
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_another_public_key FROM PUBLIC;
CREATE TRIGGER api_key_keeps_its_public_key BEFORE UPDATE ON api_keys FOR EACH ROW
    WHEN (OLD.public_key IS DISTINCT FROM NEW.public_key) EXECUTE FUNCTION refuse_another_public_key();

-- A request that has come stays so: its row is removed when it counts no more, and never another one's.
CREATE TRIGGER signed_request_comes_once BEFORE UPDATE ON signed_requests
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('key_id', 'digest', 'signed_at');

GRANT SELECT, INSERT, UPDATE, DELETE ON signed_requests TO registry_app;
GRANT SELECT (public_key) ON api_keys TO registry_reader;

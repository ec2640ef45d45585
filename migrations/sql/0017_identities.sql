-- Identities that an identity provider vouches for, and what it was asked.

-- ---------------------------------------------------------------- identities

-- Whom a provider knows under a name of its own is one user here. The name is personal, so it is in no leaf.
CREATE TABLE identities (
    id text NOT NULL,
    user_id text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_identities PRIMARY KEY (id),
    CONSTRAINT fk_identities_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT uq_identities_issuer_subject UNIQUE (issuer, subject),
    CONSTRAINT ck_identities_issuer CHECK (issuer ~ '^https?://' AND char_length(issuer) <= 500),
    CONSTRAINT ck_identities_subject CHECK (subject ~ '^[ -~]{1,255}$')
);
CREATE INDEX ix_identities_user_id_id ON identities (user_id, id);

-- What a provider was asked, once. Digests of what the browser was given; taken when it comes back with a code.
-- Somebody who signs in and has a second factor comes again with it: `identity_id` says who they were found to be.
CREATE TABLE identity_requests (
    state bytea NOT NULL,
    purpose text NOT NULL,
    user_id text,
    binding bytea NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    network text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    code bytea,
    identity_id text,
    CONSTRAINT pk_identity_requests PRIMARY KEY (state),
    CONSTRAINT fk_identity_requests_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT fk_identity_requests_identity_id
        FOREIGN KEY (identity_id) REFERENCES identities (id) ON DELETE CASCADE,
    CONSTRAINT ck_identity_requests_purpose CHECK (purpose IN ('link', 'sign_in')),
    CONSTRAINT ck_identity_requests_digests
        CHECK (octet_length(state) = 32 AND octet_length(binding) = 32 AND octet_length(code) = 32),
    CONSTRAINT ck_identity_requests_secrets CHECK (nonce ~ '^[A-Za-z0-9_-]{43}$' AND verifier ~ '^[A-Za-z0-9_-]{43}$'),
    CONSTRAINT ck_identity_requests_whose CHECK ((user_id IS NULL) = (purpose = 'sign_in')),
    CONSTRAINT ck_identity_requests_found CHECK (identity_id IS NULL OR (code IS NOT NULL AND purpose = 'sign_in')),
    CONSTRAINT ck_identity_requests_short
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '10 minutes')
);
CREATE INDEX ix_identity_requests_user_id ON identity_requests (user_id);
CREATE INDEX ix_identity_requests_identity_id ON identity_requests (identity_id);
CREATE INDEX ix_identity_requests_network_expires_at ON identity_requests (network, expires_at);
CREATE INDEX ix_identity_requests_expires_at ON identity_requests (expires_at);

ALTER TABLE sessions DROP CONSTRAINT ck_sessions_end_reason,
    ADD CONSTRAINT ck_sessions_end_reason
    CHECK (end_reason IN ('displaced', 'expired', 'factor_removed', 'identity_unlinked', 'password_set', 'reused',
                          'signed_out'));

CREATE TRIGGER identity_stays_itself BEFORE UPDATE ON identities
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('user_id', 'issuer', 'subject', 'created_at');
-- It is taken with one code and finds one identity, for good.
CREATE TRIGGER identity_request_goes_on BEFORE UPDATE ON identity_requests
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing('state', 'purpose', 'user_id', 'binding', 'nonce', 'verifier',
                                                 'network', 'created_at', 'expires_at', 'code', 'identity_id');

-- ---------------------------------------------------------------- rights

GRANT SELECT, INSERT, UPDATE, DELETE ON identities, identity_requests TO registry_app;

-- What people hear of acts that concern them: rows written in the transaction of the act, and how far their mail has
-- come. They hold identifiers and no words of anybody.

-- All who represent a party: who initiates, who approves, and who only sees.
CREATE INDEX ix_users_representatives ON users (party_id, id)
    WHERE status = 'active' AND roles && '{holder_approver,holder_initiator,holder_viewer}';

CREATE TABLE notices (
    id text NOT NULL,
    user_id text NOT NULL,
    kind text NOT NULL,
    account_id bigint,
    proposal_id text,
    order_id text,
    about text,
    log_index bigint NOT NULL,
    made_at timestamptz NOT NULL,
    read_at timestamptz,
    mail_due_at timestamptz,
    mail_tries smallint NOT NULL DEFAULT 0,
    mail_ended text,
    CONSTRAINT pk_notices PRIMARY KEY (id),
    CONSTRAINT fk_notices_user_id FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT ck_notices_log_index CHECK (log_index >= 0),
    CONSTRAINT ck_notices_kind CHECK (kind IN (
        'acceptance_asked', 'acceptance_set', 'account_closed', 'account_frozen', 'account_opened',
        'account_released', 'case_opened', 'credits_issued', 'credits_received', 'identity_linked', 'identity_unlinked',
        'key_issued', 'key_revoked', 'limits_set', 'own_roles_set', 'passkey_added', 'passkey_removed', 'password_set', 'recovery_codes_set',
        'representative_added', 'representative_changed', 'representative_removed', 'second_factor_removed',
        'second_factor_set', 'serials_frozen', 'serials_released', 'transfer_aborted', 'transfer_accepted',
        'transfer_approved', 'transfer_delivered', 'transfer_lapsed', 'transfer_proposed',
        'transfer_returned', 'transfer_reversed', 'transfer_withdrawn', 'trust_approved', 'trust_proposed',
        'trust_removed')),
    CONSTRAINT ck_notices_proposal_id CHECK (proposal_id ~ '^prp_[0-9a-z]{26}$'),
    CONSTRAINT ck_notices_order_id CHECK (order_id ~ '^ord_[0-9a-z]{26}$'),
    CONSTRAINT ck_notices_about CHECK (about ~ '^usr_[0-9a-z]{26}$' AND about <> user_id),
    CONSTRAINT ck_notices_of_account CHECK ((account_id IS NOT NULL) = (kind IN (
        'acceptance_asked', 'acceptance_set', 'account_closed', 'account_frozen', 'account_opened',
        'account_released', 'case_opened', 'credits_issued', 'credits_received', 'limits_set', 'serials_frozen',
        'serials_released', 'transfer_aborted', 'transfer_accepted', 'transfer_approved',
        'transfer_delivered', 'transfer_lapsed', 'transfer_proposed', 'transfer_returned',
        'transfer_reversed', 'transfer_withdrawn', 'trust_approved', 'trust_proposed', 'trust_removed'))),
    CONSTRAINT ck_notices_of_proposal CHECK ((proposal_id IS NOT NULL) = (kind IN (
        'acceptance_asked', 'credits_received', 'transfer_aborted', 'transfer_accepted', 'transfer_approved',
        'transfer_delivered', 'transfer_lapsed', 'transfer_proposed', 'transfer_returned',
        'transfer_withdrawn'))),
    CONSTRAINT ck_notices_of_order CHECK ((order_id IS NOT NULL) = (kind IN (
        'account_frozen', 'account_released', 'case_opened', 'serials_frozen', 'serials_released', 'transfer_reversed'))),
    CONSTRAINT ck_notices_of_other CHECK ((about IS NOT NULL) = (kind IN (
        'representative_added', 'representative_changed', 'representative_removed'))),
    CONSTRAINT ck_notices_mail_ended CHECK (mail_ended IN ('given_up', 'refused', 'sent', 'too_old', 'withheld')),
    CONSTRAINT ck_notices_mail_is_due CHECK ((mail_due_at IS NULL) = (mail_ended IS NOT NULL)),
    CONSTRAINT ck_notices_mail_tries CHECK (mail_tries BETWEEN 0 AND 10)
);
-- Identifiers carry the time of a machine; the log's order is that of the commits, so nothing that comes later is
-- before what somebody has read.
CREATE INDEX ix_notices_user_id_log_index_id ON notices (user_id, log_index, id);
CREATE INDEX ix_notices_unread ON notices (user_id, log_index, id) WHERE read_at IS NULL;
-- An act is told once: to one person, of one account.
CREATE UNIQUE INDEX uq_notices_told ON notices (log_index, user_id, kind, account_id) NULLS NOT DISTINCT;
CREATE INDEX ix_notices_mail_due ON notices (mail_due_at) WHERE mail_due_at IS NOT NULL;
CREATE INDEX ix_notices_made_at ON notices (made_at);

-- Since when notices are kept, by the rule of today in Bangkok; null: there is no rule, and nothing goes.
CREATE FUNCTION notices_kept_since() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT now() - make_interval(days => value::integer) FROM rule_values
     WHERE key = 'notice_days' AND programme_code IS NULL
       AND valid_from <= (now() AT TIME ZONE 'Asia/Bangkok')::date
       AND (valid_to IS NULL OR valid_to >= (now() AT TIME ZONE 'Asia/Bangkok')::date)
     ORDER BY valid_from DESC, id DESC LIMIT 1
$$;

-- Nobody is told anything who has been erased.
CREATE FUNCTION tell_no_erased() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF is_erased(NEW.user_id) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

-- Whoever removes, the owner too: notices go with a person who was erased, and when they are old.
CREATE FUNCTION refuse_other_removal() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.made_at < notices_kept_since() OR is_erased(OLD.user_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION forget_notices(p_user text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM notices WHERE user_id = p_user
$$;

CREATE FUNCTION drop_old_notices(p_rows_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept_since timestamptz := notices_kept_since();
    dropped bigint;
BEGIN
    DELETE FROM notices
     WHERE id IN (SELECT id FROM notices WHERE made_at < kept_since ORDER BY made_at LIMIT p_rows_max
                     FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

CREATE TRIGGER the_erased_are_told_nothing BEFORE INSERT ON notices
    FOR EACH ROW EXECUTE FUNCTION tell_no_erased();
-- What was told, was told; and read, it is read.
CREATE TRIGGER notice_stays_itself BEFORE UPDATE ON notices
    FOR EACH ROW EXECUTE FUNCTION refuse_undoing(
        'id', 'user_id', 'kind', 'account_id', 'proposal_id', 'order_id', 'about', 'log_index', 'made_at', 'read_at',
        'mail_ended');
CREATE TRIGGER notices_go_when_they_may BEFORE DELETE ON notices
    FOR EACH ROW EXECUTE FUNCTION refuse_other_removal();
CREATE TRIGGER notices_are_not_emptied BEFORE TRUNCATE ON notices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_removal();
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['the_erased_are_told_nothing', 'notice_stays_itself', 'notices_go_when_they_may',
                                'notices_are_not_emptied'] LOOP
        EXECUTE format('ALTER TABLE notices ENABLE ALWAYS TRIGGER %I', name);
    END LOOP;
END
$$;

-- ---------------------------------------------------------------- rights

REVOKE EXECUTE ON FUNCTION
    notices_kept_since, tell_no_erased, refuse_other_removal, forget_notices, drop_old_notices
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_notices, drop_old_notices TO registry_app;
GRANT SELECT, INSERT ON notices TO registry_app;
GRANT UPDATE (read_at, mail_due_at, mail_tries, mail_ended) ON notices TO registry_app;

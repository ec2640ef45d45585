-- Credits wait in transit: three new kinds of movement, and what guards those who wait.

ALTER TABLE ledger_entries DROP CONSTRAINT ck_ledger_entries_kind;
ALTER TABLE ledger_entries ADD CONSTRAINT ck_ledger_entries_kind CHECK (kind BETWEEN 1 AND 11) NOT VALID;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ck_ledger_entries_kind;
-- 9 sent, 10 delivered, 11 returned: nothing else enters or leaves the transit account.
ALTER TABLE ledger_entries ADD CONSTRAINT ck_ledger_entries_transit
    CHECK ((kind = 9) = (to_account = 3) AND (kind IN (10, 11)) = (from_account = 3)) NOT VALID;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ck_ledger_entries_transit;

GRANT SELECT, INSERT, UPDATE ON trusted_accounts, transfer_proposals TO registry_app;

-- What was proposed does not change, what was approved stays approved, and what is over stays over.
CREATE FUNCTION proposals_only_go_on() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.from_account, NEW.to_account, NEW.content, NEW.digest, NEW.credits, NEW.proposed_by,
        NEW.proposed_at, NEW.proposed_index, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.id, OLD.from_account, OLD.to_account, OLD.content, OLD.digest, OLD.credits, OLD.proposed_by,
        OLD.proposed_at, OLD.proposed_index, OLD.expires_at)
       OR (OLD.approved_at IS NOT NULL
           AND (NEW.approved_by, NEW.approved_at, NEW.sent_index, NEW.executes_at, NEW.is_trusted)
               IS DISTINCT FROM
               (OLD.approved_by, OLD.approved_at, OLD.sent_index, OLD.executes_at, OLD.is_trusted))
       OR OLD.ended_at IS NOT NULL
       OR (OLD.state = 'scheduled' AND NEW.state NOT IN ('delivered', 'aborted', 'returned')) THEN
        RAISE EXCEPTION 'a proposed transfer only goes on'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'proposals_only_go_on';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER proposals_only_go_on BEFORE UPDATE ON transfer_proposals
    FOR EACH ROW EXECUTE FUNCTION proposals_only_go_on();

CREATE FUNCTION trust_only_goes_on() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.account_id, NEW.trusted_id, NEW.added_by, NEW.added_at, NEW.expires_at, NEW.log_index)
       IS DISTINCT FROM
       (OLD.id, OLD.account_id, OLD.trusted_id, OLD.added_by, OLD.added_at, OLD.expires_at, OLD.log_index)
       OR (OLD.approved_at IS NOT NULL
           AND (NEW.approved_by, NEW.approved_at, NEW.active_from)
               IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.active_from))
       OR OLD.removed_at IS NOT NULL THEN
        RAISE EXCEPTION 'an entry of a trusted list only goes on'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'trust_only_goes_on';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trust_only_goes_on BEFORE UPDATE ON trusted_accounts
    FOR EACH ROW EXECUTE FUNCTION trust_only_goes_on();

-- Credits that come back find their account open.
CREATE FUNCTION senders_stay_open() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM transfer_proposals WHERE from_account = NEW.id AND state = 'scheduled') THEN
        RAISE EXCEPTION 'credits of this account are under way'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'senders_stay_open';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER senders_stay_open BEFORE UPDATE OF status ON accounts
    FOR EACH ROW WHEN (NEW.status = 'closed') EXECUTE FUNCTION senders_stay_open();

REVOKE EXECUTE ON FUNCTION proposals_only_go_on, trust_only_goes_on, senders_stay_open FROM PUBLIC;

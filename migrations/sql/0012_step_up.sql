-- What an account sets for itself, and transfers that wait for their receiver's word.

GRANT SELECT, INSERT, UPDATE ON account_terms TO registry_app;
GRANT SELECT ON account_terms TO registry_reader;

-- A higher limit counts later; what is in force at the moment of a change is never above what was.
CREATE FUNCTION limits_rise_late() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    has_risen CONSTANT boolean := coalesce(OLD.raised_from <= NEW.set_at, false);
    rises_now CONSTANT boolean := coalesce(NEW.raised_from <= NEW.set_at, false);
    unlimited CONSTANT bigint := 9223372036854775807;
BEGIN
    IF coalesce(CASE WHEN rises_now THEN NEW.raised_credits_max ELSE NEW.credits_max END, unlimited)
       > coalesce(CASE WHEN has_risen THEN OLD.raised_credits_max ELSE OLD.credits_max END, unlimited)
       OR coalesce(CASE WHEN rises_now THEN NEW.raised_credits_per_day_max ELSE NEW.credits_per_day_max END, unlimited)
        > coalesce(CASE WHEN has_risen THEN OLD.raised_credits_per_day_max ELSE OLD.credits_per_day_max END, unlimited)
       OR NEW.account_id <> OLD.account_id OR NEW.log_index <= OLD.log_index THEN
        RAISE EXCEPTION 'a limit of an account rises late'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'limits_rise_late';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER limits_rise_late BEFORE UPDATE ON account_terms
    FOR EACH ROW EXECUTE FUNCTION limits_rise_late();
REVOKE EXECUTE ON FUNCTION limits_rise_late FROM PUBLIC;

-- ------------------------------------------------------------- transfers that wait for a word

ALTER TABLE transfer_proposals
    ADD accept_until timestamptz,
    ADD accepted_by text CONSTRAINT fk_transfer_proposals_accepted_by REFERENCES users (id),
    ADD accepted_at timestamptz,
    DROP CONSTRAINT ck_transfer_proposals_reason,
    DROP CONSTRAINT ck_transfer_proposals_aborted_in_time,
    DROP CONSTRAINT ck_transfer_proposals_not_early,
    ADD CONSTRAINT ck_transfer_proposals_reason CHECK (reason IN ('proposer_not_allowed', 'approver_not_allowed',
        'receiver_closed', 'no_longer_trusted', 'declined', 'not_accepted', 'frozen')),
    ADD CONSTRAINT ck_transfer_proposals_aborted_in_time CHECK (state <> 'aborted' OR ended_at < executes_at
        OR (accept_until IS NOT NULL AND accepted_at IS NULL)),
    ADD CONSTRAINT ck_transfer_proposals_not_early CHECK (state NOT IN ('delivered', 'returned')
        OR ended_at >= executes_at OR (reason IS NOT NULL AND reason IN ('declined', 'not_accepted'))),
    ADD CONSTRAINT ck_transfer_proposals_acceptance_asked CHECK (accept_until IS NULL
        OR (approved_at IS NOT NULL AND accept_until > approved_at)),
    ADD CONSTRAINT ck_transfer_proposals_accepted_in_time CHECK (num_nonnulls(accepted_by, accepted_at) = 0
        OR (num_nonnulls(accepted_by, accepted_at, accept_until) = 3
            AND accepted_at >= approved_at AND accepted_at < accept_until)),
    ADD CONSTRAINT ck_transfer_proposals_delivered_accepted CHECK (state <> 'delivered'
        OR NOT (accept_until IS NOT NULL AND accepted_at IS NULL)),
    ADD CONSTRAINT ck_transfer_proposals_unanswered CHECK (
        NOT (reason IS NOT NULL AND reason IN ('declined', 'not_accepted'))
        OR ((accept_until IS NOT NULL AND accepted_at IS NULL)
            AND (reason = 'declined') = (ended_at < accept_until)));

CREATE INDEX ix_transfer_proposals_accepted_by ON transfer_proposals (accepted_by);
CREATE INDEX ix_transfer_proposals_sent ON transfer_proposals (from_account, approved_at)
    WHERE approved_at IS NOT NULL;
DROP INDEX ix_transfer_proposals_due;
CREATE INDEX ix_transfer_proposals_due ON transfer_proposals (executes_at)
    WHERE state = 'scheduled' AND NOT (accept_until IS NOT NULL AND accepted_at IS NULL);
CREATE INDEX ix_transfer_proposals_awaited ON transfer_proposals (accept_until)
    WHERE state = 'scheduled' AND (accept_until IS NOT NULL AND accepted_at IS NULL);

-- As in 0009; and the receiver's word is asked for with the approval, given once, and stays.
CREATE OR REPLACE FUNCTION proposals_only_go_on() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.from_account, NEW.to_account, NEW.content, NEW.digest, NEW.credits, NEW.proposed_by,
        NEW.proposed_at, NEW.proposed_index, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.id, OLD.from_account, OLD.to_account, OLD.content, OLD.digest, OLD.credits, OLD.proposed_by,
        OLD.proposed_at, OLD.proposed_index, OLD.expires_at)
       OR (OLD.approved_at IS NOT NULL
           AND (NEW.approved_by, NEW.approved_at, NEW.sent_index, NEW.executes_at, NEW.is_trusted, NEW.accept_until)
               IS DISTINCT FROM
               (OLD.approved_by, OLD.approved_at, OLD.sent_index, OLD.executes_at, OLD.is_trusted, OLD.accept_until))
       OR (OLD.accepted_at IS NOT NULL
           AND (NEW.accepted_by, NEW.accepted_at) IS DISTINCT FROM (OLD.accepted_by, OLD.accepted_at))
       OR OLD.ended_at IS NOT NULL
       OR (OLD.state = 'scheduled' AND NEW.state NOT IN ('delivered', 'aborted', 'returned')
           AND NOT (NEW.state = 'scheduled' AND OLD.accepted_at IS NULL AND NEW.accepted_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'a proposed transfer only goes on'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'proposals_only_go_on';
    END IF;
    RETURN NEW;
END
$$;

-- Sums of the ledger by year, programme and province, kept as entries are written: whoever asks for totals reads
-- some hundred rows instead of all entries. Account 0 stands for all holding accounts together, the province '' for
-- credits of which no single one is known. Each entry adds to where its credits go and takes from where they come from,
-- so all sums together are nothing.

CREATE TABLE ledger_sums (
    year int NOT NULL,
    programme_code text NOT NULL,
    province_code text NOT NULL,
    account_id bigint NOT NULL,
    credits numeric(30) NOT NULL,
    CONSTRAINT pk_ledger_sums PRIMARY KEY (year, programme_code, province_code, account_id),
    CONSTRAINT ck_ledger_sums_accounts CHECK (account_id BETWEEN 0 AND 6),
    CONSTRAINT ck_ledger_sums_source_gives CHECK (account_id <> 1 OR credits <= 0),
    CONSTRAINT ck_ledger_sums_final_accounts_keep CHECK (account_id NOT IN (4, 5, 6) OR credits >= 0)
) WITH (fillfactor = 50);

CREATE FUNCTION sum_entries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- From one holding account to another nothing changes: most commits are done here.
    IF NOT EXISTS (SELECT FROM entered WHERE least(from_account, to_account) <= 1000) THEN
        RETURN NULL;
    END IF;
    INSERT INTO ledger_sums AS s
    SELECT date_part('year', e.recorded_at AT TIME ZONE 'Asia/Bangkok'), t.programme_code, coalesce(t.province_code, ''),
           p.account_id, sum(p.sign * (e.last_serial - e.first_serial + 1))
      FROM entered e JOIN batches t ON t.id = e.batch_id
     CROSS JOIN LATERAL (VALUES (CASE WHEN e.to_account > 1000 THEN 0 ELSE e.to_account END, 1),
                                (CASE WHEN e.from_account > 1000 THEN 0 ELSE e.from_account END, -1))
                        AS p(account_id, sign)
     WHERE least(e.from_account, e.to_account) <= 1000
     GROUP BY 1, 2, 3, 4
        ON CONFLICT (year, programme_code, province_code, account_id)
        DO UPDATE SET credits = s.credits + excluded.credits;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION sum_entries FROM PUBLIC;

INSERT INTO ledger_sums
SELECT date_part('year', e.recorded_at AT TIME ZONE 'Asia/Bangkok'), t.programme_code, coalesce(t.province_code, ''),
       p.account_id, sum(p.sign * (e.last_serial - e.first_serial + 1))
  FROM ledger_entries e JOIN batches t ON t.id = e.batch_id
 CROSS JOIN LATERAL (VALUES (CASE WHEN e.to_account > 1000 THEN 0 ELSE e.to_account END, 1),
                            (CASE WHEN e.from_account > 1000 THEN 0 ELSE e.from_account END, -1)) AS p(account_id, sign)
 WHERE least(e.from_account, e.to_account) <= 1000
 GROUP BY 1, 2, 3, 4;

CREATE TRIGGER entries_are_summed AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION sum_entries();

CREATE TRIGGER nothing_is_removed BEFORE DELETE ON ledger_sums FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nothing_is_emptied BEFORE TRUNCATE ON ledger_sums FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON ledger_sums TO registry_app, registry_reader;

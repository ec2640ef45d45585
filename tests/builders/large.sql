-- Rows for a large register (large.py): ROWS of each, with log indexes beyond LOG.
--
-- Parties are of every kind in turn. Party 1, user 1, activity 1 and report 1 have half of all.

CREATE FUNCTION pg_temp.kind(n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['authority', 'developer', 'holder', 'vvb', 'province'])[n % 5 + 1] $$;
CREATE FUNCTION pg_temp.name(prefix text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT prefix || '_' || lpad(n::text, 26, '0') $$;
CREATE FUNCTION pg_temp.half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE n / 5 * 5 + 1 END $$;

INSERT INTO parties SELECT pg_temp.name('pty', n), pg_temp.kind(n), 'หน่วยงาน', 'Party ' || n,
       CASE WHEN n % 5 = 4 THEN (n % 2 * 10 + 40)::text END, 'active', 1, now()
  FROM generate_series(1, ROWS) n;
INSERT INTO users SELECT pg_temp.name('usr', n), pg_temp.name('pty', p), pg_temp.kind(p),
       'user' || n || '@example.com', 'User ' || n,
       CASE pg_temp.kind(p) WHEN 'authority' THEN ARRAY['officer']
            WHEN 'vvb' THEN ARRAY['verifier_lead'] ELSE ARRAY['holder_initiator'] END,
       'active', NULL, 1, now()
  FROM generate_series(1, ROWS) n, LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE n END) u(p);
INSERT INTO api_keys SELECT pg_temp.name('key', n), pg_temp.name('usr', pg_temp.half(n)), 'label',
       sha256(n::text::bytea), now(), CASE WHEN n % 4 = 0 THEN now() END
  FROM generate_series(1, ROWS) n;
-- Of user 1's five thousand sessions a hundred go on.
INSERT INTO sessions SELECT pg_temp.name('ses', n), pg_temp.name('usr', pg_temp.half(n)), now(), now(),
       now() + interval '12 hours', '127.0.0.1', NULL, e.ended_at, e.reason
  FROM generate_series(1, ROWS) n,
       LATERAL (SELECT CASE WHEN n % 100 > 0 THEN now() END,
                       CASE WHEN n % 100 > 0 THEN 'signed_out' END) e(ended_at, reason);
INSERT INTO refresh_tokens SELECT sha256(n::text::bytea), pg_temp.name('ses', n), now(), NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO sign_in_guesses SELECT 'account', sha256(n::text::bytea), 1, now()
  FROM generate_series(1, ROWS) n;
-- Half of the records are about user 1, and half of those by an officer; one in fifty is a rare kind.
INSERT INTO access_records
SELECT pg_temp.name('aud', n), now() - n * interval '1 minute',
       CASE WHEN n % 50 = 0 THEN 'user_read' ELSE 'signed_in' END, 'password',
       pg_temp.name('usr', pg_temp.half(n)), pg_temp.name('usr', CASE n % 4 WHEN 0 THEN 7 ELSE pg_temp.half(n) END),
       '203.0.113.7', NULL, NULL
  FROM generate_series(1, ROWS) n;
-- Half of the notices are user 1's; one in fifty is unread, and one in fifty is yet to be mailed.
INSERT INTO notices
SELECT pg_temp.name('ntc', n), pg_temp.name('usr', pg_temp.half(n)), 'account_opened', 100000 + n, NULL, NULL, NULL,
       n % (SELECT size FROM log_head), now() - n * interval '1 minute', CASE WHEN n % 50 > 0 THEN now() END,
       CASE WHEN n % 50 = 1 THEN now() + n * interval '1 hour' END, 1, CASE WHEN n % 50 <> 1 THEN 'sent' END
  FROM generate_series(1, ROWS) n;
INSERT INTO passkeys SELECT pg_temp.name('pky', n), pg_temp.name('usr', n), sha256(n::text::bytea),
       sha256(n::text::bytea), 0, 'Phone', now(), NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO passkey_challenges SELECT sha256(n::text::bytea), 'sign_in', NULL,
       CASE n % 2 WHEN 0 THEN 'busy' ELSE n::text END, now(), now() + interval '5 minutes'
  FROM generate_series(1, ROWS) n;
INSERT INTO identities SELECT pg_temp.name('idn', n), pg_temp.name('usr', n), 'https://id.example', n::text, now()
  FROM generate_series(1, ROWS) n;
INSERT INTO identity_requests SELECT sha256(n::text::bytea), 'sign_in', NULL, sha256(n::text::bytea),
       repeat('n', 43), repeat('v', 43), CASE n % 2 WHEN 0 THEN 'busy' ELSE n::text END, now(),
       now() + interval '10 minutes', NULL, NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO totp_secrets SELECT pg_temp.name('otp', n), pg_temp.name('usr', n), '\x00', now(), now(),
       NULL, 1
  FROM generate_series(1, ROWS) n;
INSERT INTO recovery_codes SELECT pg_temp.name('usr', n % 1000), sha256(n::text::bytea), now(), NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO accreditations SELECT pg_temp.name('pty', n), 13, '2020-01-01', 'vvb', NULL, LOG + n
  FROM generate_series(3, ROWS, 5) n;
INSERT INTO party_events SELECT LOG + n, pg_temp.name('pty', pg_temp.half(n)),
       pg_temp.name('usr', pg_temp.half(n)), 'user.added', 'registry', 'why', now()
  FROM generate_series(1, ROWS) n;
INSERT INTO accounts SELECT 100000 + n, pg_temp.name('pty', pg_temp.half(n)), 'holding', 'open',
       'Account ' || n, 1, now()
  FROM generate_series(1, ROWS) n;

INSERT INTO applications SELECT pg_temp.name('apl', n), CASE n % 2 WHEN 0 THEN 'draft' ELSE 'admitted' END,
       'juristic_person', 'holder', NULL, sha256(''), LOG + n, now(), CASE n % 2 WHEN 1 THEN now() END, NULL,
       '2026-01-01'::date + n, CASE n % 2 WHEN 1 THEN pg_temp.name('usr', 1) END, CASE n % 2 WHEN 1 THEN true END,
       CASE n % 2 WHEN 1 THEN pg_temp.name('usr', 2) END,
       CASE n % 2 WHEN 1 THEN pg_temp.name('pty', n) END, 2
  FROM generate_series(1, ROWS) n;
INSERT INTO application_contents SELECT LOG + n, pg_temp.name('apl', n), NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO application_events SELECT LOG + n, pg_temp.name('apl', n), 'submit', 'submitted', 'applicant',
       NULL, now()
  FROM generate_series(1, ROWS) n;
INSERT INTO application_files SELECT pg_temp.name('apl', n), lpad(n::text, 64, '0'), pg_temp.name('apf', n), 1000,
       'application/pdf', decode(repeat('00', 60), 'hex'), now()
  FROM generate_series(1, ROWS) n;

INSERT INTO activities
SELECT pg_temp.name('act', n), 'TVER-' || lpad(n::text, 6, '0'), n, 'TVER',
       pg_temp.name('pty', pg_temp.half(n)), 'กิจกรรม ' || n, 'Activity ' || n, 'Words',
       m.code, m.version, m.project_type, m.sectoral_scope, false, 'single',
       CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'registered' END, 'small', 100, '2020-01-01',
       '2020-01-01', '2020-01-01', '2026-12-31', false, NULL, 100000 + n,
       pg_temp.name('pty', 3), '2020-01-01', '2020-01-01', '2020-01-01', 1, now()
  FROM generate_series(1, ROWS) n,
       (SELECT * FROM methodologies ORDER BY code LIMIT 1) m;
INSERT INTO sites SELECT pg_temp.name('sit', n), pg_temp.name('act', n), 1, 'Site', '40', 16, 102,
       10, 'PEA-' || n, true, NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO activity_readers SELECT pg_temp.name('act', n), pg_temp.name('pty', n % 200 * 5 + 3),
       LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO documents SELECT pg_temp.name('doc', n), pg_temp.name('pty', pg_temp.half(n)),
       pg_temp.name('act', pg_temp.half(n)), 'design', n % 3 = 0, encode(sha256(n::text::bytea), 'hex'),
       100, 'text/plain', 'file.txt', pg_temp.name('usr', 1), now(), LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO activity_events SELECT LOG + n, pg_temp.name('act', pg_temp.half(n)), 'amend', NULL,
       'draft', pg_temp.name('usr', 1), pg_temp.name('pty', 1), now(), 'why', NULL, NULL, NULL
  FROM generate_series(1, ROWS) n;
INSERT INTO validation_opinions SELECT pg_temp.name('opn', n), pg_temp.name('act', n),
       pg_temp.name('pty', 3), pg_temp.name('usr', 3), 'positive', 'Words', '{}', now(), LOG + n
  FROM generate_series(1, ROWS) n;

-- Half of the reports are of activities 1 to 100: a hundred each.
INSERT INTO monitoring_reports SELECT pg_temp.name('mrp', n), pg_temp.name('act', a),
       CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'verified' END,
       date '2020-01-01' + k, date '2020-01-01' + k, 1, 1,
       CASE WHEN n % 50 > 0 THEN pg_temp.name('pty', 3) END, now()
  FROM generate_series(1, ROWS) n,
       LATERAL (SELECT CASE WHEN n % 2 = 0 THEN n % 200 / 2 + 1 ELSE n END,
                       CASE WHEN n % 2 = 0 THEN n / 200 + 1 ELSE 0 END) c(a, k);
INSERT INTO monitoring_lines SELECT pg_temp.name('mrp', n), 1, 2024, 100, 10, 0, 90, LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO monitoring_documents SELECT pg_temp.name('mrp', n), 1, 1, pg_temp.name('doc', n),
       LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO report_events SELECT pg_temp.name('mrp', pg_temp.half(n)), LOG + n, now(),
       pg_temp.name('usr', 1), pg_temp.name('pty', 1), 'report.submitted', 'draft', 'submitted', 'why'
  FROM generate_series(1, ROWS) n;
INSERT INTO recognitions SELECT pg_temp.name('mrp', n), 'letter ' || n, '2025-01-01', 90,
       pg_temp.name('usr', 5), now(), LOG + n
  FROM generate_series(1, ROWS) n;

INSERT INTO verifications SELECT pg_temp.name('vrf', n), id, activity_id, pg_temp.name('pty', 3),
       pg_temp.name('usr', 3), pg_temp.name('usr', 8), 'concluded', 1, 1, pg_temp.name('usr', 5), now()
  FROM monitoring_reports, LATERAL (SELECT right(id, 26)::int) x(n);
INSERT INTO verification_opinions SELECT pg_temp.name('vrf', n), 1, pg_temp.name('usr', 3),
       'unmodified', 'reasonable', 5, 'Words', true, now(), LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO verification_lines SELECT pg_temp.name('vrf', n), 1, 2024, pg_temp.name('mrp', n), 1, 90,
       CASE WHEN n <= 300 THEN 90 ELSE 0.5 END, 0, LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO verification_findings SELECT pg_temp.name('vrf', n), 1, 1, 'nonconformity', 'Words',
       'Words', true, LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO verification_documents SELECT pg_temp.name('vrf', n), 1, 1, pg_temp.name('doc', n),
       LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO verification_reviews SELECT pg_temp.name('vrf', n), 1, pg_temp.name('usr', 3),
       pg_temp.name('usr', 8), true, 'Words', now(), LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO issuances SELECT pg_temp.name('iss', n), report_id, activity_id, id, true, 'Meeting 1',
       '2025-01-01', NULL, 'why', pg_temp.name('usr', 5), now(), LOG + n
  FROM verifications, LATERAL (SELECT right(id, 26)::int) x(n);
-- The first of them have made batches.
INSERT INTO issuance_lines SELECT i.id, 2024, i.activity_id, i.verification_id, 1, l.verified_tco2e,
       NULL, 0, floor(l.verified_tco2e), 0, l.verified_tco2e % 1, b.id, i.log_index
  FROM issuances i JOIN verification_lines l ON l.verification_id = i.verification_id
  LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM batches) b
         ON b.n = right(i.id, 26)::int AND l.verified_tco2e > 1;

-- Batches that an account has had and no longer holds, and retirements out of it.
INSERT INTO batches SELECT 20140000000000 + n, 2014, 100, 'EXTRA-' || n, 'EXTRA',
       'EXTRA-' || n % 50, 'Project', pg_temp.name('act', CASE WHEN n <= 20 THEN 7 ELSE n END), (n % 70 + 20)::text, LOG + n,
       now()
  FROM generate_series(1, ROWS) n;
INSERT INTO balances SELECT 1001, 20140000000000 + n, 0 FROM generate_series(1, ROWS) n;
INSERT INTO endings SELECT LOG + n, 4, 1001, 1, 'event', 'public', '2025-01-01',
       encode(sha256(n::text::bytea), 'hex'), now()
  FROM generate_series(1, ROWS) n;
INSERT INTO ending_statements SELECT log_index, sha256(''), 'Somebody', 'person', NULL, 'why'
  FROM endings WHERE log_index > LOG;
INSERT INTO log_salts SELECT log_index, sha256(leaf) FROM log_entries WHERE log_index % 2 = 0;

-- Trusted lists and proposed transfers: most are over, some stand or wait, few are due.
INSERT INTO trusted_accounts
SELECT pg_temp.name('tru', n), 100000 + pg_temp.half(n), 200000 + n, pg_temp.name('usr', 1),
       now() - n * interval '1 day', now(), pg_temp.name('usr', 2), now() - n * interval '1 day',
       now(), CASE WHEN n % 50 > 0 THEN pg_temp.name('usr', 1) END,
       CASE WHEN n % 50 > 0 THEN now() END, LOG + n
  FROM generate_series(1, ROWS) n;
INSERT INTO account_terms
SELECT id, true, 100, NULL, NULL, NULL, NULL, pg_temp.name('usr', 1), now(), LOG + id
  FROM accounts WHERE id > 1000;
INSERT INTO transfer_proposals
SELECT pg_temp.name('prp', n), 100000 + pg_temp.half(n), 200000 + pg_temp.half(n), '{}',
       encode(sha256('{}'), 'hex'), 10, state, pg_temp.name('usr', 1),
       now() - n * interval '1 day', LOG + n, now() + n * interval '1 hour',
       CASE WHEN approved THEN pg_temp.name('usr', 2) END,
       CASE WHEN approved THEN now() - n * interval '1 day' END,
       CASE WHEN approved THEN LOG + n END,
       CASE WHEN approved
            THEN greatest(now() + (n - 200) * interval '1 hour', now() - n * interval '1 day') END,
       CASE WHEN approved THEN false END,
       CASE WHEN ended THEN now() + ROWS * interval '1 hour' END,
       CASE WHEN ended THEN LOG + ROWS + n END, CASE WHEN ended THEN 'registry' END, NULL,
       CASE WHEN state = 'scheduled' AND n % 100 = 1 THEN now() + n * interval '1 hour' END, NULL, NULL
  FROM generate_series(1, ROWS) n,
       LATERAL (SELECT CASE n % 50 WHEN 0 THEN 'proposed' WHEN 1 THEN 'scheduled'
                            ELSE 'delivered' END) s(state),
       LATERAL (SELECT state <> 'proposed', state = 'delivered') f(approved, ended);

-- Orders: half of them freezes of accounts or serials, nearly all of them released; and reversals.
INSERT INTO orders (id, action, account_id, batch_id, first_serial, last_serial, freeze_id, act, document_sha256, reason,
                    digest, proposed_by, proposed_at, expires_at, log_index)
SELECT pg_temp.name('ord', n), CASE WHEN n % 2 = 0 THEN 'freeze' ELSE 'release' END,
       CASE WHEN n % 4 = 0 THEN 100000 + pg_temp.half(n) END, CASE WHEN n % 4 = 2 THEN 20140000000000 + n END,
       CASE WHEN n % 4 = 2 THEN 1 END, CASE WHEN n % 4 = 2 THEN 10 END,
       CASE WHEN n % 2 = 1 THEN pg_temp.name('ord', n - 1) END, NULL, repeat('a', 64), 'why', repeat('b', 64),
       pg_temp.name('usr', 1), now() - n * interval '1 day', now() + n * interval '1 hour', LOG + n
  FROM generate_series(2, ROWS) n ORDER BY n % 2;
INSERT INTO order_approvals
SELECT id, proposed_by, expires_at, pg_temp.name('usr', 2), now(), LOG + ROWS + log_index FROM orders;
INSERT INTO freezes (id, account_id, batch_id, first_serial, last_serial, frozen_at, frozen_index)
SELECT o.id, o.account_id, o.batch_id, o.first_serial, o.last_serial, now(), a.log_index
  FROM orders o JOIN order_approvals a ON a.order_id = o.id WHERE o.action = 'freeze';
UPDATE freezes f SET released_at = now(), released_by = o.id, released_index = a.log_index
  FROM orders o JOIN order_approvals a ON a.order_id = o.id
 WHERE o.freeze_id = f.id AND o.log_index % 50 > 0 AND a.log_index > f.frozen_index;

-- Cases: two against each of the first issuances. One of them has half of all steps; half of the others are closed.
INSERT INTO orders (id, action, issuance_id, case_kind, credits, document_sha256, reason, digest, proposed_by,
                    proposed_at, expires_at, log_index)
SELECT pg_temp.name('ord', ROWS + n), 'case', pg_temp.name('iss', (n + 1) / 2), 'reversal', ROWS, repeat('a', 64), 'why',
       repeat('b', 64), pg_temp.name('usr', 1), now() - n * interval '1 day', now() + n * interval '1 hour',
       LOG + 3 * ROWS + n
  FROM generate_series(1, ROWS) n;
INSERT INTO cases SELECT id, issuance_id, case_kind, credits, '2030-01-01', now(), log_index
  FROM orders WHERE action = 'case';
INSERT INTO case_steps
SELECT LOG + 5 * ROWS + n, pg_temp.name('ord', ROWS + 1), 'deduction', 1, ROWS - n + 1, ROWS - n, NULL, now()
  FROM generate_series(1, ROWS / 2) n
 UNION ALL
SELECT LOG + 6 * ROWS + n, pg_temp.name('ord', ROWS + n), 'replacement', ROWS, ROWS, 0, NULL, now()
  FROM generate_series(2, ROWS, 2) n;

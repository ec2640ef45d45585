"""What must hold of the log, and of what its acts said and erased."""

from typing import Final

STATEMENTS: Final[dict[str, str]] = {
    "endings have a statement or an erased one": """
        SELECT s.log_index FROM ending_statements s LEFT JOIN endings x USING (log_index)
         WHERE x.log_index IS NULL""",
    # Leaves are searched as they are, not parsed: one that was forged must not stop the audit.
    "every salt is of an act that seals something": """
        SELECT s.log_index FROM log_salts s LEFT JOIN log_entries l USING (log_index)
         WHERE (position('_commitment":"'::bytea IN l.leaf) > 0) IS NOT TRUE""",
    "what people wrote is what the log commits to": """
        WITH written AS (
            SELECT log_index, 'reason' AS name, reason AS words FROM activity_events
             UNION ALL SELECT log_index, 'reason', reason FROM report_events
             UNION ALL SELECT log_index, 'reason', reason FROM issuances
             UNION ALL SELECT log_index, 'reason', reason FROM verification_reviews
             UNION ALL SELECT log_index, 'reason', reason FROM application_events
             UNION ALL SELECT log_index, 'reason', reason FROM orders
             UNION ALL SELECT log_index, 'content', content FROM application_contents
             UNION ALL SELECT log_index, 'statement', statement FROM validation_opinions)
        SELECT w.log_index, w.name FROM written w
          JOIN log_salts s USING (log_index) JOIN log_entries l USING (log_index)
         WHERE w.words IS NOT NULL AND position(convert_to(format('"%s_commitment":"%s"', w.name,
                   encode(sha256(s.salt || convert_to(w.words, 'UTF8')), 'hex')), 'UTF8')
                   IN l.leaf) = 0""",
    "nothing is erased without an act": """
        SELECT l.log_index FROM log_entries l
         WHERE position('_commitment":"'::bytea IN l.leaf) > 0
           AND NOT EXISTS (SELECT FROM log_salts s WHERE s.log_index = l.log_index)
           AND l.log_index NOT IN (SELECT log_index FROM erased_acts)
        UNION ALL
        SELECT x.log_index FROM endings x
         WHERE NOT EXISTS (SELECT FROM ending_statements s WHERE s.log_index = x.log_index)
           AND x.log_index NOT IN (SELECT log_index FROM erased_acts)""",
    "what an act erased is gone": """
        SELECT log_index FROM erased_acts JOIN log_salts USING (log_index)
        UNION ALL
        SELECT log_index FROM erased_acts JOIN erasable_words USING (log_index)""",
    "the log is dense and ends at its head": """
        SELECT h.size, count(l.log_index) AS entries, max(l.log_index) AS last FROM log_head h
          LEFT JOIN log_entries l ON true GROUP BY h.size
        HAVING count(l.log_index) <> h.size OR coalesce(max(l.log_index), -1) <> h.size - 1""",
    "times in the log never run backwards": """
        SELECT log_index FROM (
            SELECT log_index, recorded_at, lag(recorded_at) OVER (ORDER BY log_index) AS before
              FROM log_entries) AS l WHERE recorded_at < before""",
    "an activity is where its last step took it": """
        SELECT a.id FROM activities a
          LEFT JOIN LATERAL (SELECT e.to_status, count(*) OVER () AS steps FROM activity_events e
                              WHERE e.activity_id = a.id ORDER BY e.log_index DESC LIMIT 1) AS last
            ON true
         WHERE a.status IS DISTINCT FROM last.to_status OR a.version <> last.steps""",
    "an application is where its last step took it": """
        SELECT a.id FROM applications a
          LEFT JOIN LATERAL (SELECT e.to_status, count(*) OVER () AS steps FROM application_events e
                              WHERE e.application_id = a.id ORDER BY e.log_index DESC LIMIT 1)
            AS last ON true
         WHERE a.status IS DISTINCT FROM last.to_status OR a.version <> last.steps""",
    "the documents that hold of a party are those of its last admitted application": """
        SELECT a.id FROM applications a
         WHERE a.status = 'admitted' AND a.is_superseded <> EXISTS (
               SELECT FROM applications l WHERE l.party_id = a.party_id AND l.status = 'admitted'
                  AND l.content_log_index > a.content_log_index)""",
    "a renewal is of the kind of its party": """
        SELECT a.id FROM applications a JOIN parties p ON p.id = a.party_id
         WHERE a.party_kind <> p.kind OR a.province_code IS DISTINCT FROM p.province_code""",
}

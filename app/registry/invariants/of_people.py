"""What must hold of how people sign in, and of what they are told."""

from typing import Final

STATEMENTS: Final[dict[str, str]] = {
    # Asked of the log itself: whoever wrote the row could have written the event.
    "the roles of a user are what the last act said": """
        SELECT u.id FROM users u LEFT JOIN LATERAL (
            SELECT convert_from(l.leaf, 'UTF8')::jsonb #> '{data,roles}' AS roles
              FROM log_entries l
             WHERE l.subject = u.id AND l.kind IN ('user.added', 'user.roles_set')
               AND l.kind NOT LIKE 'credits.%'
             ORDER BY l.log_index DESC LIMIT 1) AS said ON true
         WHERE to_jsonb(u.roles) IS DISTINCT FROM said.roles""",
    "it is not kept from where the erased came": """
        SELECT r.id FROM users u JOIN access_records r ON coalesce(r.by, r.about) = u.id
         WHERE u.email IS NULL AND r.network IS NOT NULL""",
    "who was erased is told nothing": """
        SELECT n.id FROM users u JOIN notices n ON n.user_id = u.id WHERE u.email IS NULL""",
    "a notice is of an act, of its moment": """
        SELECT n.id FROM notices n LEFT JOIN log_entries l USING (log_index)
         WHERE n.made_at IS DISTINCT FROM l.recorded_at""",
    "a notice of a transfer is to who represents a side of it": """
        SELECT n.id FROM notices n JOIN users u ON u.id = n.user_id
          JOIN transfer_proposals p ON p.id = n.proposal_id
          JOIN accounts a ON a.id = n.account_id
         WHERE a.owner_party_id <> u.party_id OR a.id NOT IN (p.from_account, p.to_account)""",
    "a passkey was added by an act": """
        SELECT p.id FROM passkeys p WHERE NOT EXISTS (
            SELECT FROM party_events e WHERE e.user_id = p.user_id
               AND e.what = 'user.passkey_added' AND e.recorded_at = p.created_at)""",
    "an identity was linked by an act": """
        SELECT i.id FROM identities i WHERE NOT EXISTS (
            SELECT FROM party_events e WHERE e.user_id = i.user_id
               AND e.what = 'user.identity_linked' AND e.recorded_at = i.created_at)""",
    "as many identities are linked as the acts say": """
        SELECT u.id FROM users u
          LEFT JOIN (SELECT user_id, sum(CASE what WHEN 'user.identity_linked' THEN 1 ELSE -1 END) n
                       FROM party_events
                      WHERE what IN ('user.identity_linked', 'user.identity_unlinked')
                      GROUP BY user_id) e ON e.user_id = u.id
          LEFT JOIN (SELECT user_id, count(*) AS n FROM identities GROUP BY user_id) i
            ON i.user_id = u.id
         WHERE coalesce(i.n, 0) <> CASE WHEN u.email IS NULL THEN 0 ELSE coalesce(e.n, 0) END""",
}

-- A person's sessions that were not revoked, which each page counts, however many were.
CREATE INDEX credentials_of_user_not_revoked ON credentials (user_id, org_id, kind, created_at, id) WHERE revoked_at IS NULL;

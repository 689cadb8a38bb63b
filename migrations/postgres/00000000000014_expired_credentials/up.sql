-- A credential that ends by itself leaves no trace in a column that an index may hold: idle_ends_at is written by every
-- refresh. So the sweep writes it down. due_at is when the sweep looks at the credential next; NULL: from its creation on.
-- expired_at is when it ended by itself, written at most an hour and a sweep later. What decides whether a credential works
-- is idle_ends_at, ends_at and revoked_at alone.
ALTER TABLE credentials ADD COLUMN due_at TIMESTAMPTZ;
ALTER TABLE credentials ADD COLUMN expired_at TIMESTAMPTZ;
CREATE INDEX credentials_by_due ON credentials (COALESCE(due_at, created_at)) WHERE revoked_at IS NULL AND expired_at IS NULL;

-- What works is counted and listed past any number of credentials that have ended.
DROP INDEX credentials_not_revoked;
CREATE INDEX credentials_active_by_org ON credentials (org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NULL;
DROP INDEX credentials_of_user_not_revoked;
CREATE INDEX credentials_active_by_user ON credentials (user_id, org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NULL;
CREATE INDEX credentials_expired_by_user ON credentials (user_id, org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NOT NULL;
CREATE INDEX credentials_revoked_by_user ON credentials (user_id, org_id, kind, created_at, id) WHERE revoked_at IS NOT NULL;

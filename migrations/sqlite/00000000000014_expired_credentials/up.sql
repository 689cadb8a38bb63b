-- Expiry changes no column that an index may contain, because every refresh writes idle_ends_at. So the sweep records
-- it. due_at: when the sweep checks the credential next; NULL means since its creation. expired_at: when the credential
-- expired, written at most one hour and one sweep later. Whether a credential works depends only on idle_ends_at,
-- ends_at and revoked_at.
ALTER TABLE credentials ADD COLUMN due_at TEXT;
ALTER TABLE credentials ADD COLUMN expired_at TEXT;
CREATE INDEX credentials_by_due ON credentials (COALESCE(due_at, created_at)) WHERE revoked_at IS NULL AND expired_at IS NULL;

-- Active credentials are counted and listed without scanning those that have ended.
DROP INDEX credentials_not_revoked;
CREATE INDEX credentials_active_by_org ON credentials (org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NULL;
DROP INDEX credentials_of_user_not_revoked;
CREATE INDEX credentials_active_by_user ON credentials (user_id, org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NULL;
CREATE INDEX credentials_expired_by_user ON credentials (user_id, org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NOT NULL;
CREATE INDEX credentials_revoked_by_user ON credentials (user_id, org_id, kind, created_at, id) WHERE revoked_at IS NOT NULL;

DROP INDEX credentials_expired_by_org;
CREATE INDEX credentials_expired_by_user ON credentials (user_id, org_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NOT NULL;
DROP INDEX credentials_by_org;
CREATE INDEX credentials_by_org ON credentials (org_id, kind, created_at, id);
DROP INDEX credentials_by_user;
CREATE INDEX credentials_by_user ON credentials (user_id, kind, org_id, created_at, id);
DROP INDEX credentials_by_secret;
CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash);

DROP INDEX credentials_revoked_by_user;
DROP INDEX credentials_expired_by_user;
DROP INDEX credentials_active_by_user;
CREATE INDEX credentials_of_user_not_revoked ON credentials (user_id, org_id, kind, created_at, id) WHERE revoked_at IS NULL;
DROP INDEX credentials_active_by_org;
CREATE INDEX credentials_not_revoked ON credentials (org_id, kind, created_at, id) WHERE revoked_at IS NULL;
DROP INDEX credentials_by_due;
ALTER TABLE credentials DROP COLUMN expired_at;
ALTER TABLE credentials DROP COLUMN due_at;

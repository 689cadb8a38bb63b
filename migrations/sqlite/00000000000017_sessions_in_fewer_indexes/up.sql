-- A CLI session, which has no secret_hash, is in one index by its person and one by its organization: the one of its
-- state. A sign-in writes each index that its session is in, and sessions are nearly all that is written here.
DROP INDEX credentials_by_secret;
CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash) WHERE secret_hash IS NOT NULL;
DROP INDEX credentials_by_user;
CREATE INDEX credentials_by_user ON credentials (user_id, kind, org_id, created_at, id) WHERE secret_hash IS NOT NULL;
DROP INDEX credentials_by_org;
CREATE INDEX credentials_by_org ON credentials (org_id, kind, created_at, id) WHERE secret_hash IS NOT NULL;

-- The organization first, so that credentials that the sweep marked under a wrong clock are found for a whole
-- organization as well.
DROP INDEX credentials_expired_by_user;
CREATE INDEX credentials_expired_by_org ON credentials (org_id, user_id, kind, created_at, id)
    WHERE revoked_at IS NULL AND expired_at IS NOT NULL;

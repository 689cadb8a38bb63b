-- The names of credentials that were removed some time after their end, for the audit log and the usage counts, which
-- outlive them. mode as in credentials.
CREATE TABLE removed_credentials (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mode TEXT
);
CREATE INDEX credentials_by_end ON credentials (COALESCE(expired_at, revoked_at))
    WHERE COALESCE(expired_at, revoked_at) IS NOT NULL;
-- A key is removed after the one that it replaced.
CREATE INDEX credentials_by_replacement ON credentials (replaced_by) WHERE replaced_by IS NOT NULL;

-- What a code or a device request became is looked up and may be gone. With a reference, each removal would look for codes
-- and device requests, by an index that each exchange would have to write.
ALTER TABLE authorization_codes DROP CONSTRAINT authorization_codes_credential_id_fkey;
ALTER TABLE device_requests DROP CONSTRAINT device_requests_credential_id_fkey;

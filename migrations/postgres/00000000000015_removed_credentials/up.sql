-- Names and modes of removed credentials, for the audit log and usage, which are kept longer.
CREATE TABLE removed_credentials (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mode TEXT
);
CREATE INDEX credentials_by_end ON credentials (COALESCE(expired_at, revoked_at))
    WHERE COALESCE(expired_at, revoked_at) IS NOT NULL;
-- A key is never removed before the one that it replaced.
CREATE INDEX credentials_by_replacement ON credentials (replaced_by) WHERE replaced_by IS NOT NULL;

-- credential_id is no longer a foreign key: the credential may have been removed. With a foreign key, each removal
-- would search codes and device requests, which would need an index that every exchange has to write.
ALTER TABLE authorization_codes DROP CONSTRAINT authorization_codes_credential_id_fkey;
ALTER TABLE device_requests DROP CONSTRAINT device_requests_credential_id_fkey;

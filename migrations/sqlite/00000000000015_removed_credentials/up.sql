-- Names and modes of removed credentials, for the audit log and usage, which are kept longer.
CREATE TABLE removed_credentials (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    mode TEXT
);
CREATE INDEX credentials_by_end ON credentials (COALESCE(expired_at, revoked_at))
    WHERE COALESCE(expired_at, revoked_at) IS NOT NULL;
-- A key is never removed before the one that it replaced.
CREATE INDEX credentials_by_replacement ON credentials (replaced_by) WHERE replaced_by IS NOT NULL;

-- credential_id is no longer a foreign key: the credential may have been removed. With a foreign key, each removal
-- would search codes and device requests, which would need an index that every exchange has to write. SQLite drops a
-- foreign key only with its table.
CREATE TABLE new_authorization_codes (
    hash BLOB PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE REFERENCES authorization_requests (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id),
    org_id TEXT NOT NULL REFERENCES organizations (id),
    scopes TEXT NOT NULL,
    auth_time TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    wrong_tries BIGINT NOT NULL DEFAULT 0,
    consumed_at TEXT,
    credential_id TEXT,
    seed BLOB
);
INSERT INTO new_authorization_codes
SELECT
    hash, request_id, user_id, org_id, scopes, auth_time, created_at, expires_at, wrong_tries, consumed_at,
    credential_id, seed
FROM authorization_codes;
DROP TABLE authorization_codes;
ALTER TABLE new_authorization_codes RENAME TO authorization_codes;
CREATE INDEX authorization_codes_by_org ON authorization_codes (org_id, expires_at);

CREATE TABLE new_device_requests (
    id TEXT PRIMARY KEY,
    device_hash BLOB NOT NULL,
    user_code_hash BLOB NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    org_hint TEXT,
    device_name TEXT,
    device_os TEXT,
    tool_version TEXT,
    ip TEXT,
    interval_seconds BIGINT NOT NULL,
    polled_at TEXT,
    browser_hash BLOB,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    status TEXT NOT NULL,
    answered_at TEXT,
    answered_ip TEXT,
    user_id TEXT REFERENCES users (id),
    org_id TEXT REFERENCES organizations (id),
    granted TEXT,
    auth_time TEXT,
    consumed_at TEXT,
    credential_id TEXT
);
INSERT INTO new_device_requests
SELECT
    id, device_hash, user_code_hash, client_id, scopes, org_hint, device_name, device_os, tool_version, ip,
    interval_seconds, polled_at, browser_hash, created_at, expires_at, status, answered_at, answered_ip, user_id,
    org_id, granted, auth_time, consumed_at, credential_id
FROM device_requests;
DROP TABLE device_requests;
ALTER TABLE new_device_requests RENAME TO device_requests;
CREATE UNIQUE INDEX device_requests_by_device ON device_requests (device_hash);
CREATE UNIQUE INDEX device_requests_by_user_code ON device_requests (user_code_hash);
CREATE INDEX device_requests_by_browser ON device_requests (browser_hash);
CREATE INDEX device_requests_by_expiry ON device_requests (expires_at);
CREATE INDEX device_requests_by_org ON device_requests (org_id, expires_at) WHERE org_id IS NOT NULL;
CREATE INDEX device_requests_by_client ON device_requests (client_id);

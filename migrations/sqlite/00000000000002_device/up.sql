-- Whether an organization allows sign-in without a browser on the same machine. NULL: the configured default.
ALTER TABLE organizations ADD COLUMN device_flow TEXT;
ALTER TABLE organizations ADD COLUMN copy_code BOOLEAN;

-- Device authorization requests (RFC 8628). user_code_hash is an HMAC under the master key, because a code of eight
-- letters could be found from a plain digest. browser_hash binds a request to the browser in which its code was
-- entered.
CREATE TABLE device_requests (
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
    credential_id TEXT REFERENCES credentials (id)
);
CREATE UNIQUE INDEX device_requests_by_device ON device_requests (device_hash);
CREATE UNIQUE INDEX device_requests_by_user_code ON device_requests (user_code_hash);
CREATE INDEX device_requests_by_browser ON device_requests (browser_hash);
CREATE INDEX device_requests_by_expiry ON device_requests (expires_at);

-- Rate limits (GCRA). key is an HMAC of what is limited, settled_at the theoretical arrival time (TAT).
CREATE TABLE rates (
    key BLOB PRIMARY KEY,
    settled_at TEXT NOT NULL
);
CREATE INDEX rates_by_settling ON rates (settled_at);

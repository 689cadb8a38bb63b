-- Every use of a credential, kept for a configured time. No foreign keys, so that an insert needs no lookups and rows
-- outlive what they refer to.
CREATE TABLE uses (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    org_id TEXT NOT NULL,
    user_id TEXT,
    service_account_id TEXT,
    credential_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status BIGINT NOT NULL,
    ip TEXT,
    request_id TEXT
);
CREATE INDEX uses_by_org ON uses (org_id, at);
CREATE INDEX uses_by_credential ON uses (credential_id, at);

-- Uses per credential and day. day is a UTC date such as 2026-11-23.
CREATE TABLE usage (
    org_id TEXT NOT NULL,
    day TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (org_id, day, credential_id, endpoint, outcome)
);
CREATE INDEX usage_by_day ON usage (day);

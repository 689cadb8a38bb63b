-- Random input from which an authorization code is derived. NULL for codes older than this column, which cannot be sent
-- a second time.
ALTER TABLE authorization_codes ADD COLUMN seed BLOB;

-- The client secret before the last rotation, accepted until old_secret_ends_at.
ALTER TABLE clients ADD COLUMN old_secret_hash BLOB;
ALTER TABLE clients ADD COLUMN old_secret_ends_at TEXT;

-- Known-device cookies issued at or before this time are not accepted. NULL: all are accepted.
ALTER TABLE users ADD COLUMN devices_forgotten_at TEXT;

-- HMAC of the installation id that the tool sent at the last refresh. A refresh writes it, so it has no index.
ALTER TABLE credentials ADD COLUMN installation_hash BLOB;

-- Counters shared by all nodes.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

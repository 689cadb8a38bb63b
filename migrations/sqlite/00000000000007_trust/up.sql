-- The random bits that an authorization code is derived from. NULL: a code from before this column, which is not sent a
-- second time.
ALTER TABLE authorization_codes ADD COLUMN seed BLOB;

-- The client secret before the last rotation, which is accepted until it ends.
ALTER TABLE clients ADD COLUMN old_secret_hash BLOB;
ALTER TABLE clients ADD COLUMN old_secret_ends_at TEXT;

-- Known-device cookies issued at or before this time are not recognized. NULL: never forgotten.
ALTER TABLE users ADD COLUMN devices_forgotten_at TEXT;

-- HMAC of the installation id that the tool sent at the last refresh. A refresh writes it, so it has no index.
ALTER TABLE credentials ADD COLUMN installation_hash BLOB;

-- What is counted on all nodes together.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

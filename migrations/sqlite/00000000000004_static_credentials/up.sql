-- Who made a key or a personal token, where it may be used from (networks, space-separated; NULL for anywhere), and the
-- key that took its place.
ALTER TABLE credentials ADD COLUMN created_by_user TEXT REFERENCES users (id);
ALTER TABLE credentials ADD COLUMN created_by_service_account TEXT REFERENCES service_accounts (id);
ALTER TABLE credentials ADD COLUMN allowed_addresses TEXT;
ALTER TABLE credentials ADD COLUMN replaced_by TEXT REFERENCES credentials (id);
CREATE INDEX credentials_by_service_account ON credentials (service_account_id);

-- What an organization allows of keys and personal tokens. NULL: what the configuration says. Zero seconds: no limit.
ALTER TABLE organizations ADD COLUMN unrestricted_keys BOOLEAN;
ALTER TABLE organizations ADD COLUMN key_max_seconds BIGINT;
ALTER TABLE organizations ADD COLUMN personal_token_creators TEXT;
ALTER TABLE organizations ADD COLUMN personal_token_max_seconds BIGINT;

-- Answers that are given again when a request comes again. key is an HMAC of who asked, for what, under which name;
-- request is the digest of what was asked. An answer may hold a new secret, so it is sealed under the master key.
CREATE TABLE idempotency_records (
    key BLOB PRIMARY KEY,
    request BLOB NOT NULL,
    status BIGINT,
    sealed BLOB,
    expires_at TEXT NOT NULL
);
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

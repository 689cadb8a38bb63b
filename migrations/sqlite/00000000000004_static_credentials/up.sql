-- Creator of a key or personal token, networks from which it may be used (space-separated; NULL for any), and the key
-- that replaced it in a rotation.
ALTER TABLE credentials ADD COLUMN created_by_user TEXT REFERENCES users (id);
ALTER TABLE credentials ADD COLUMN created_by_service_account TEXT REFERENCES service_accounts (id);
ALTER TABLE credentials ADD COLUMN allowed_addresses TEXT;
ALTER TABLE credentials ADD COLUMN replaced_by TEXT REFERENCES credentials (id);
CREATE INDEX credentials_by_service_account ON credentials (service_account_id);

-- Policies of an organization for keys and personal tokens. NULL: the configured default. 0 seconds: no limit.
ALTER TABLE organizations ADD COLUMN unrestricted_keys BOOLEAN;
ALTER TABLE organizations ADD COLUMN key_max_seconds BIGINT;
ALTER TABLE organizations ADD COLUMN personal_token_creators TEXT;
ALTER TABLE organizations ADD COLUMN personal_token_max_seconds BIGINT;

-- Responses to requests with an Idempotency-Key. key is an HMAC of caller, route and Idempotency-Key; request is the
-- digest of the request. A response may contain a new secret, so it is sealed under the master key.
CREATE TABLE idempotency_records (
    key BLOB PRIMARY KEY,
    request BLOB NOT NULL,
    status BIGINT,
    sealed BLOB,
    expires_at TEXT NOT NULL
);
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

-- Organizations are the tenants. Every credential belongs to exactly one.
CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    personal_tokens BOOLEAN NOT NULL DEFAULT TRUE,
    api_keys BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT,
    password_changed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

CREATE TABLE memberships (
    org_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE service_accounts (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by TEXT REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);
CREATE INDEX service_accounts_by_org ON service_accounts (org_id);

-- redirect_uris: a JSON array. scopes: space-separated, NULL for anything in the catalog. grants: space-separated.
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret_hash BYTEA,
    redirect_uris TEXT NOT NULL,
    scopes TEXT,
    grants TEXT NOT NULL,
    org_id TEXT REFERENCES organizations (id),
    command TEXT,
    access_seconds BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

-- Three kinds with one life cycle. CLI sessions have seed and generation, API keys and personal tokens secret_hash.
-- The columns that a refresh writes (generation, rotated_at, idle_ends_at, last_used_at, last_used_ip) are in no
-- index, so that PostgreSQL can update the row in place.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT REFERENCES users (id),
    service_account_id TEXT REFERENCES service_accounts (id),
    client_id TEXT REFERENCES clients (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    unrestricted BOOLEAN NOT NULL DEFAULT FALSE,
    mode TEXT,
    secret_hash BYTEA,
    display_prefix TEXT,
    last_four TEXT,
    seed BYTEA,
    generation BIGINT NOT NULL DEFAULT 0,
    rotated_at TIMESTAMPTZ,
    idle_ends_at TIMESTAMPTZ,
    ends_at TIMESTAMPTZ,
    auth_time TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_ip TEXT,
    device_name TEXT,
    device_os TEXT,
    tool_version TEXT,
    last_used_at TIMESTAMPTZ,
    last_used_ip TEXT,
    revoked_at TIMESTAMPTZ,
    revoked_reason TEXT
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash);
CREATE INDEX credentials_by_user ON credentials (user_id);
CREATE INDEX credentials_by_org ON credentials (org_id, kind);
CREATE INDEX credentials_by_client ON credentials (client_id);

-- Authorization requests. browser_hash binds a request to the browser that opened it.
CREATE TABLE authorization_requests (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    state TEXT,
    scopes TEXT NOT NULL,
    code_challenge TEXT,
    nonce TEXT,
    prompt TEXT,
    max_age BIGINT,
    login_hint TEXT,
    org_hint TEXT,
    device_name TEXT,
    device_os TEXT,
    tool_version TEXT,
    pushed_hash BYTEA,
    pushed_ip TEXT,
    short_code TEXT,
    browser_hash BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    error_description TEXT,
    answered_at TIMESTAMPTZ,
    user_id TEXT REFERENCES users (id),
    org_id TEXT REFERENCES organizations (id)
);
CREATE UNIQUE INDEX authorization_requests_by_pushed ON authorization_requests (pushed_hash);
CREATE UNIQUE INDEX authorization_requests_by_short_code ON authorization_requests (short_code);
CREATE INDEX authorization_requests_by_browser ON authorization_requests (browser_hash);
CREATE INDEX authorization_requests_by_expiry ON authorization_requests (expires_at);

CREATE TABLE authorization_codes (
    hash BYTEA PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE REFERENCES authorization_requests (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id),
    org_id TEXT NOT NULL REFERENCES organizations (id),
    scopes TEXT NOT NULL,
    auth_time TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    wrong_tries BIGINT NOT NULL DEFAULT 0,
    consumed_at TIMESTAMPTZ,
    credential_id TEXT REFERENCES credentials (id)
);

CREATE TABLE web_sessions (
    hash BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    auth_time TIMESTAMPTZ NOT NULL,
    ip TEXT,
    user_agent TEXT
);
CREATE INDEX web_sessions_by_user ON web_sessions (user_id);
CREATE INDEX web_sessions_by_end ON web_sessions (ends_at);

-- Failed sign-ins. key is an HMAC of the account or network that they are counted for.
CREATE TABLE throttles (
    key BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttles_by_update ON throttles (updated_at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    private_sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    activated_at TIMESTAMPTZ,
    retired_at TIMESTAMPTZ
);

-- Facts about this deployment, such as the nonce of its setup code.
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Append-only. Each event contains the hash of the previous event in its chain.
CREATE TABLE audit_heads (
    chain TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_events (
    id TEXT PRIMARY KEY,
    chain TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    org_id TEXT,
    credential_id TEXT,
    action TEXT NOT NULL,
    target TEXT,
    outcome TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    request_id TEXT,
    details TEXT NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
CREATE UNIQUE INDEX audit_events_by_chain ON audit_events (chain, sequence);

CREATE FUNCTION audit_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only';
END
$$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_are_append_only();

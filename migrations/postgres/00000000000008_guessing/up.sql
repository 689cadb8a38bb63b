-- Tries at one account from devices that it does not know. What counts is in `state`, as JSON.
CREATE TABLE throttled_accounts (
    key BYTEA PRIMARY KEY,
    state TEXT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttled_accounts_by_due ON throttled_accounts (due_at);

-- Tries at one account from one network, or from one device that it knows.
CREATE TABLE throttled_sources (
    key BYTEA PRIMARY KEY,
    wrong BIGINT NOT NULL,
    settled_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttled_sources_by_last ON throttled_sources (last_at);

-- The table throttles is not used any more. It stays for nodes of the release before, which may run beside this one.

-- Password attempts at one account from unknown devices. state is JSON.
CREATE TABLE throttled_accounts (
    key BLOB PRIMARY KEY,
    state TEXT NOT NULL,
    due_at TEXT NOT NULL
);
CREATE INDEX throttled_accounts_by_due ON throttled_accounts (due_at);

-- Password attempts at one account from one network or one known device.
CREATE TABLE throttled_sources (
    key BLOB PRIMARY KEY,
    wrong BIGINT NOT NULL,
    settled_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);
CREATE INDEX throttled_sources_by_last ON throttled_sources (last_at);

-- The table throttles is not used any more. It stays for nodes of the previous release, which may run at the same time.

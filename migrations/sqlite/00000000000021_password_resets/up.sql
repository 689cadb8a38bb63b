-- The newest reset link of a person; making another one replaces it, and using it deletes it.
CREATE TABLE password_resets (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    ends_at TEXT NOT NULL
);
CREATE INDEX password_resets_by_end ON password_resets (ends_at);

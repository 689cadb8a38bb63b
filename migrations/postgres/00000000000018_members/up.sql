-- Who left an organization or was removed. `memberships` has only those who are members, so no query can forget to ask.
CREATE TABLE ended_memberships (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NOT NULL,
    ended_by TEXT REFERENCES users (id),
    reason TEXT NOT NULL
);
CREATE INDEX ended_memberships_by_user ON ended_memberships (user_id, org_id, ended_at);

-- Members are listed by their time of joining.
ALTER TABLE memberships ADD COLUMN invited_by TEXT REFERENCES users (id);
CREATE INDEX memberships_by_org ON memberships (org_id, created_at, user_id);

-- state: waiting, accepted, cancelled or superseded. A waiting invitation has expired once ends_at has passed.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    address TEXT NOT NULL,
    role TEXT NOT NULL,
    note TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL,
    state_at TIMESTAMPTZ NOT NULL,
    accepted_by TEXT REFERENCES users (id)
);
CREATE UNIQUE INDEX invitations_waiting ON invitations (org_id, address) WHERE state = 'waiting';
CREATE INDEX invitations_by_org ON invitations (org_id, created_at, id) WHERE state = 'waiting';
CREATE INDEX invitations_by_address ON invitations (address, created_at, id) WHERE state = 'waiting';
CREATE INDEX invitations_by_inviter ON invitations (invited_by, created_at);

-- Every name that an organization has in URLs, now or before. One table, so that its primary key alone decides who gets
-- a name, however many ask for it at once. retired_at: when a former name stopped being the current one.
CREATE TABLE organization_names (
    slug TEXT PRIMARY KEY NOT NULL,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    retired_at TEXT
);
CREATE INDEX organization_names_retired ON organization_names (retired_at) WHERE retired_at IS NOT NULL;
CREATE INDEX organization_names_by_org ON organization_names (org_id, retired_at) WHERE retired_at IS NOT NULL;
INSERT INTO organization_names (slug, org_id) SELECT slug, id FROM organizations;

-- created_by: the user who made the organization, NULL if the operator did. deleted_at: when it was deleted, which can be
-- undone until purged_at, when its rows were removed. The row itself stays, because events and ids refer to it.
-- log_removed_at: when the removal of its audit events began; its name is empty when that is done.
ALTER TABLE organizations ADD COLUMN created_by TEXT REFERENCES users (id);
ALTER TABLE organizations ADD COLUMN deleted_at TEXT;
ALTER TABLE organizations ADD COLUMN purged_at TEXT;
ALTER TABLE organizations ADD COLUMN log_removed_at TEXT;
ALTER TABLE organizations ADD COLUMN join_links BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX organizations_by_creator ON organizations (created_by, created_at) WHERE created_by IS NOT NULL;
CREATE INDEX organizations_to_purge ON organizations (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX organizations_with_log ON organizations (deleted_at) WHERE purged_at IS NOT NULL AND name <> '';

-- What a purge looks for.
CREATE INDEX credentials_revoked_by_org ON credentials (org_id) WHERE revoked_at IS NOT NULL;
CREATE INDEX credentials_by_creating_account ON credentials (created_by_service_account)
    WHERE created_by_service_account IS NOT NULL;
CREATE INDEX ended_memberships_by_org ON ended_memberships (org_id);
CREATE INDEX invitations_ended_by_org ON invitations (org_id) WHERE state <> 'waiting';

-- What the sweep looks for.
CREATE INDEX invitations_ended ON invitations (state_at) WHERE state <> 'waiting';
CREATE INDEX invitations_expired ON invitations (ends_at) WHERE state = 'waiting';

-- domains: space-separated, empty for any. A link that is ended has its ends_at moved to that time.
CREATE TABLE join_links (
    id TEXT PRIMARY KEY NOT NULL,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    role TEXT NOT NULL,
    domains TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL
);
CREATE INDEX join_links_by_org ON join_links (org_id, ends_at);
CREATE INDEX join_links_by_creator ON join_links (created_by, ends_at);
CREATE INDEX join_links_by_end ON join_links (ends_at);

-- Audit events are removed only with the whole chain, some time after its organization was deleted.
DROP TRIGGER audit_events_no_delete;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
WHEN NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.chain AND log_removed_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

-- Every name that an organization has in URLs, now or before. One table, so that its primary key alone decides who gets
-- a name, however many ask for it at once. retired_at: when a former name stopped being the current one.
CREATE TABLE organization_names (
    slug TEXT PRIMARY KEY NOT NULL,
    org_id TEXT NOT NULL REFERENCES organizations (id),
    retired_at TIMESTAMPTZ
);
CREATE INDEX organization_names_retired ON organization_names (retired_at) WHERE retired_at IS NOT NULL;
CREATE INDEX organization_names_by_org ON organization_names (org_id, retired_at) WHERE retired_at IS NOT NULL;
INSERT INTO organization_names (slug, org_id) SELECT slug, id FROM organizations;

-- created_by: the user who made the organization, NULL if the operator did. deleted_at: when it was deleted, which can be
-- undone until purged_at, when its rows were removed. The row itself stays, because events and ids refer to it.
-- log_removed_at: when the removal of its audit events began; its name is empty when that is done.
ALTER TABLE organizations ADD COLUMN created_by TEXT REFERENCES users (id);
ALTER TABLE organizations ADD COLUMN deleted_at TIMESTAMPTZ;
ALTER TABLE organizations ADD COLUMN purged_at TIMESTAMPTZ;
ALTER TABLE organizations ADD COLUMN log_removed_at TIMESTAMPTZ;
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
    token_hash BYTEA NOT NULL UNIQUE,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL
);
CREATE INDEX join_links_by_org ON join_links (org_id, ends_at);
CREATE INDEX join_links_by_creator ON join_links (created_by, ends_at);
CREATE INDEX join_links_by_end ON join_links (ends_at);

-- Audit events are removed only with the whole chain, some time after its organization was deleted.
CREATE OR REPLACE FUNCTION audit_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.version = 1 AND NEW.version = 1 AND OLD.commitments IS NULL AND NEW.commitments IS NOT NULL
            AND NEW.ip IS NULL AND NEW.user_agent IS NULL
            AND (NEW.id, NEW.chain, NEW.sequence, NEW.at, NEW.actor_kind, NEW.action, NEW.outcome,
                NEW.previous_hash, NEW.hash)
            = (OLD.id, OLD.chain, OLD.sequence, OLD.at, OLD.actor_kind, OLD.action, OLD.outcome,
                OLD.previous_hash, OLD.hash)
            AND (NEW.actor_id, NEW.org_id, NEW.credential_id, NEW.target, NEW.request_id)
            IS NOT DISTINCT FROM (OLD.actor_id, OLD.org_id, OLD.credential_id, OLD.target, OLD.request_id)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    IF TG_OP = 'DELETE'
        AND EXISTS (SELECT 1 FROM organizations WHERE id = OLD.chain AND log_removed_at IS NOT NULL)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit events are append-only';
END
$$;

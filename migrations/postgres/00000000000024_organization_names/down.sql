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
    RAISE EXCEPTION 'audit events are append-only';
END
$$;
DROP TABLE join_links;
DROP INDEX invitations_expired;
DROP INDEX invitations_ended;
DROP INDEX invitations_ended_by_org;
DROP INDEX ended_memberships_by_org;
DROP INDEX credentials_by_creating_account;
DROP INDEX credentials_revoked_by_org;
DROP INDEX organizations_with_log;
DROP INDEX organizations_to_purge;
DROP INDEX organizations_by_creator;
ALTER TABLE organizations DROP COLUMN join_links;
ALTER TABLE organizations DROP COLUMN log_removed_at;
ALTER TABLE organizations DROP COLUMN purged_at;
ALTER TABLE organizations DROP COLUMN deleted_at;
ALTER TABLE organizations DROP COLUMN created_by;
DROP TABLE organization_names;

DROP TRIGGER audit_events_no_delete;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;
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

DROP INDEX removed_credentials_by_user;
ALTER TABLE removed_credentials DROP COLUMN user_id;
DROP TABLE member_events;
DROP TABLE person_values;
DROP TRIGGER audit_events_no_update;
DROP INDEX audit_events_with_values;
ALTER TABLE audit_events DROP COLUMN commitments;
ALTER TABLE audit_events DROP COLUMN version;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

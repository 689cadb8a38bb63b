DROP INDEX removed_credentials_by_user;
ALTER TABLE removed_credentials DROP COLUMN user_id;
DROP TABLE member_events;
DROP TABLE person_values;
DROP FUNCTION person_values_are_kept;
CREATE OR REPLACE FUNCTION audit_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only';
END
$$;
DROP INDEX audit_events_with_values;
ALTER TABLE audit_events DROP COLUMN commitments;
ALTER TABLE audit_events DROP COLUMN version;

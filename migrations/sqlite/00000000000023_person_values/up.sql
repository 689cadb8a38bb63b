-- Personal values of audit events lie beside them, so that they can be erased: the event holds commitments to them.
-- version: how the event is hashed. commitments is NULL while the values of an event of version 1 are inside of it; the
-- server moves them out and records that.
ALTER TABLE audit_events ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE audit_events ADD COLUMN commitments TEXT;
CREATE INDEX audit_events_with_values ON audit_events (chain, sequence) WHERE commitments IS NULL;

-- value is JSON. user_id is the person that the value belongs to; NULL if that is not known.
CREATE TABLE person_values (
    event_id TEXT NOT NULL,
    field TEXT NOT NULL,
    user_id TEXT,
    salt BLOB NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (event_id, field)
) WITHOUT ROWID;
CREATE INDEX person_values_by_user ON person_values (user_id) WHERE user_id IS NOT NULL;

CREATE TRIGGER person_values_no_update BEFORE UPDATE ON person_values
BEGIN
    SELECT RAISE(ABORT, 'personal values are erased or kept, never changed');
END;

-- The one change that is left: the values of an event of version 1 move out of it, once.
DROP TRIGGER audit_events_no_update;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
WHEN NOT (
    OLD.version = 1 AND NEW.version = 1 AND OLD.commitments IS NULL AND NEW.commitments IS NOT NULL
    AND NEW.ip IS NULL AND NEW.user_agent IS NULL
    AND NEW.id = OLD.id AND NEW.chain = OLD.chain AND NEW.sequence = OLD.sequence AND NEW.at = OLD.at
    AND NEW.actor_kind = OLD.actor_kind AND NEW.actor_id IS OLD.actor_id AND NEW.org_id IS OLD.org_id
    AND NEW.credential_id IS OLD.credential_id AND NEW.action = OLD.action AND NEW.target IS OLD.target
    AND NEW.outcome = OLD.outcome AND NEW.request_id IS OLD.request_id
    AND NEW.previous_hash = OLD.previous_hash AND NEW.hash = OLD.hash
)
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

-- Events of the chain `instance` that concern members of an organization, for its audit log: one row for each
-- organization that the person was a member of at that time.
CREATE TABLE member_events (
    org_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at TEXT NOT NULL,
    user_id TEXT NOT NULL,
    actor_id TEXT,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (org_id, sequence)
) WITHOUT ROWID;
CREATE INDEX member_events_by_time ON member_events (org_id, at, sequence);
CREATE INDEX member_events_by_action ON member_events (org_id, action, at, sequence);
CREATE INDEX member_events_by_actor ON member_events (org_id, actor_id, at, sequence) WHERE actor_id IS NOT NULL;
CREATE INDEX member_events_refused ON member_events (org_id, at, sequence) WHERE outcome = 'refused';

INSERT INTO member_events (org_id, sequence, at, user_id, actor_id, action, outcome)
SELECT DISTINCT periods.org_id, events.sequence, events.at, periods.user_id, events.actor_id, events.action, events.outcome
FROM (
    SELECT sequence, at, actor_id, action, outcome, COALESCE(target, actor_id) AS person
    FROM audit_events
    WHERE chain = 'instance' AND action IN (
        'user.signed_in', 'user.signed_out', 'user.sign_in_failed', 'user.password_changed', 'user.password_reset',
        'user.reset_link_created', 'user.disabled', 'user.enabled', 'user.browsers_signed_out',
        'user.other_browsers_signed_out', 'user.devices_forgotten', 'device.codes_guessed'
    )
) AS events
INNER JOIN (
    SELECT org_id, user_id, created_at, CAST(NULL AS TEXT) AS ended_at FROM memberships
    UNION ALL SELECT org_id, user_id, created_at, ended_at FROM ended_memberships
) AS periods
    ON periods.user_id = events.person AND events.at >= periods.created_at
    AND (periods.ended_at IS NULL OR events.at <= periods.ended_at);

-- The names of removed credentials are erased with their owner.
ALTER TABLE removed_credentials ADD COLUMN user_id TEXT;
UPDATE removed_credentials SET user_id = made.user_id FROM (
    SELECT credential_id AS id, actor_id AS user_id FROM audit_events WHERE action = 'session.started'
    UNION ALL SELECT target, actor_id FROM audit_events
    WHERE action IN ('key.created', 'token.created') AND actor_kind = 'user'
) AS made
WHERE made.id = removed_credentials.id;
CREATE INDEX removed_credentials_by_user ON removed_credentials (user_id) WHERE user_id IS NOT NULL;

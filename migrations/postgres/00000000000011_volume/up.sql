-- Requests without a code are deleted 30 minutes after their end, those with a code 24 hours after it. The index
-- contains only the former, so that their deletion does not scan the latter.
CREATE INDEX authorization_requests_without_code ON authorization_requests (expires_at) WHERE status <> 'approved';

-- Codes and approvals of an organization that can still be fetched. They are ended together with its sessions.
CREATE INDEX authorization_codes_by_org ON authorization_codes (org_id, expires_at);
CREATE INDEX device_requests_by_org ON device_requests (org_id, expires_at) WHERE org_id IS NOT NULL;

-- Uses are deleted by age and listed by outcome. There are few denied uses, because most of them are only counted.
CREATE INDEX uses_by_time ON uses (at);
CREATE INDEX uses_denied_by_org ON uses (org_id, at) WHERE outcome = 'denied';
DROP INDEX uses_by_credential;
CREATE INDEX uses_by_credential ON uses (org_id, credential_id, at);
CREATE INDEX uses_denied_by_credential ON uses (org_id, credential_id, at) WHERE outcome = 'denied';
CREATE INDEX usage_by_credential ON usage (credential_id, day, endpoint, outcome);

-- The audit log is listed by time, newest first, with one index for each filter.
CREATE INDEX audit_events_by_time ON audit_events (chain, at, sequence);
CREATE INDEX audit_events_by_action ON audit_events (chain, action, at, sequence);
CREATE INDEX audit_events_by_actor ON audit_events (chain, actor_id, at, sequence) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_credential ON audit_events (chain, credential_id, at, sequence)
    WHERE credential_id IS NOT NULL;
CREATE INDEX audit_events_by_target ON audit_events (chain, target, at, sequence) WHERE target IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (chain, at, sequence) WHERE outcome = 'refused';

-- Credentials are listed by organization, person, service account and kind, newest first. No index contains a column
-- that a refresh writes, so that PostgreSQL can update in place (HOT).
DROP INDEX credentials_by_user;
CREATE INDEX credentials_by_user ON credentials (user_id, kind, org_id, created_at, id);
DROP INDEX credentials_by_org;
CREATE INDEX credentials_by_org ON credentials (org_id, kind, created_at, id);
CREATE INDEX credentials_not_revoked ON credentials (org_id, kind, created_at, id) WHERE revoked_at IS NULL;
DROP INDEX credentials_by_client;
CREATE INDEX credentials_by_client ON credentials (client_id, user_id, created_at);
DROP INDEX credentials_by_service_account;
CREATE INDEX credentials_by_service_account ON credentials (service_account_id, kind, created_at, id)
    WHERE service_account_id IS NOT NULL;
DROP INDEX service_accounts_by_org;
CREATE INDEX service_accounts_by_org ON service_accounts (org_id, created_at, id);

-- Sessions of a person that are not revoked. Every page counts them, whatever the number of revoked ones.
CREATE INDEX credentials_of_user_not_revoked ON credentials (user_id, org_id, kind, created_at, id) WHERE revoked_at IS NULL;

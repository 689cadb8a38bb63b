UPDATE device_requests SET credential_id = NULL
    WHERE NOT EXISTS (SELECT 1 FROM credentials WHERE credentials.id = device_requests.credential_id);
ALTER TABLE device_requests ADD CONSTRAINT device_requests_credential_id_fkey
    FOREIGN KEY (credential_id) REFERENCES credentials (id);
UPDATE authorization_codes SET credential_id = NULL
    WHERE NOT EXISTS (SELECT 1 FROM credentials WHERE credentials.id = authorization_codes.credential_id);
ALTER TABLE authorization_codes ADD CONSTRAINT authorization_codes_credential_id_fkey
    FOREIGN KEY (credential_id) REFERENCES credentials (id);
DROP INDEX credentials_by_replacement;
DROP INDEX credentials_by_end;
DROP TABLE removed_credentials;

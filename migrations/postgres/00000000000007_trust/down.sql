DROP TABLE counters;
ALTER TABLE credentials DROP COLUMN installation_hash;
ALTER TABLE users DROP COLUMN devices_forgotten_at;
ALTER TABLE clients DROP COLUMN old_secret_ends_at;
ALTER TABLE clients DROP COLUMN old_secret_hash;
ALTER TABLE authorization_codes DROP COLUMN seed;

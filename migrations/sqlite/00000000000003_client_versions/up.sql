-- Increases with every change of a client, so that nodes notice outdated cached copies.
ALTER TABLE clients ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

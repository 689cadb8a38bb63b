-- Grows with every change of a client, so that a node notices that the copy in its memory is an old one.
ALTER TABLE clients ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- One row, which nodes update to check whether writes succeed.
CREATE TABLE readiness (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    probed_at timestamptz NOT NULL
);
INSERT INTO readiness (id, probed_at) VALUES (1, '1970-01-01T00:00:00Z');

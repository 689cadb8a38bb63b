DROP TABLE rates;
DROP TABLE device_requests;
ALTER TABLE organizations DROP COLUMN copy_code;
ALTER TABLE organizations DROP COLUMN device_flow;

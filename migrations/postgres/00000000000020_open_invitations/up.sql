-- The open invitations of an organization are counted before another is made, however many have expired.
CREATE INDEX invitations_open ON invitations (org_id, ends_at) WHERE state = 'waiting';

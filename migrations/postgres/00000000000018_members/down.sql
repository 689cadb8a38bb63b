DROP TABLE invitations;
DROP INDEX memberships_by_org;
ALTER TABLE memberships DROP COLUMN invited_by;
DROP TABLE ended_memberships;

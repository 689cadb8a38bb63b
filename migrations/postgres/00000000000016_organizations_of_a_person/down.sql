DROP INDEX memberships_of_managers;
DROP INDEX memberships_by_user;
CREATE INDEX memberships_by_user ON memberships (user_id);

DROP INDEX memberships_of_others;

DROP INDEX invitations_open;

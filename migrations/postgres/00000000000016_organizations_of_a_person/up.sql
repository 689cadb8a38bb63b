-- The organizations of a person are listed by membership, the oldest first; and the owners and admins of an organization
-- are named, however many members it has.
DROP INDEX memberships_by_user;
CREATE INDEX memberships_by_user ON memberships (user_id, created_at, org_id);
-- Partial, so that nothing that looks for one member takes it and walks over all.
CREATE INDEX memberships_of_managers ON memberships (org_id, role, created_at, user_id)
    WHERE role IN ('owner', 'admin');

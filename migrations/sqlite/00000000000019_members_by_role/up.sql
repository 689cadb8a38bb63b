-- The members with one role are listed by their time of joining. `memberships_of_managers` has the owners and admins.
-- Partial like that one, so that nothing that looks for one member takes it and walks over all.
CREATE INDEX memberships_of_others ON memberships (org_id, role, created_at, user_id)
    WHERE role NOT IN ('owner', 'admin');

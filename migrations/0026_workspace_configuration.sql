-- What daemons keep of a workspace is its name, slug and settings, too: a change is told as that of a role is.

-- migrate:up
CREATE TRIGGER workspaces_configuration AFTER UPDATE OF name, slug, settings ON workspaces FOR EACH ROW
    EXECUTE FUNCTION rpcd_standing_changed();

-- migrate:down
DROP TRIGGER workspaces_configuration ON workspaces;

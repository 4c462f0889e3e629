import Postgres

extension Workspaces {
    /// No row: the slug is taken.
    static let insertWorkspace = Statement(
        """
        INSERT INTO workspaces (id, name, slug) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT workspaces_slug_key DO NOTHING
        RETURNING id, name, slug, settings, version, created_at, updated_at
        """, row: Workspace.init)

    static let insertOwner = Statement(
        "INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'owner')")

    static let getWorkspace = Statement(
        "SELECT id, name, slug, settings, version, created_at, updated_at FROM workspaces WHERE id = $1",
        row: Workspace.init)

    static let lockWorkspace = Statement(
        """
        SELECT id, name, slug, settings, version, created_at, updated_at FROM workspaces WHERE id = $1 FOR UPDATE
        """, row: Workspace.init)

    /// Of a user his own; of the operator, who has none, every one.
    static let listWorkspaces = Statement(
        """
        SELECT id, name, slug, settings, version, created_at, updated_at FROM workspaces
        WHERE ($1::uuid IS NULL OR id IN (SELECT workspace_id FROM memberships WHERE user_id = $1))
            AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Workspace.init)

    static let updateWorkspace = Statement(
        """
        UPDATE workspaces SET name = coalesce($2, name), slug = coalesce($3, slug),
            settings = coalesce($4::jsonb, settings), version = version + 1, updated_at = now()
        WHERE id = $1 RETURNING id, name, slug, settings, version, created_at, updated_at
        """, row: Workspace.init)

    static let deleteWorkspace = Statement("DELETE FROM workspaces WHERE id = $1")
}

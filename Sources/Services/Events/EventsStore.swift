import Postgres

extension Event {
    /// Nothing, when the workspace has been deleted.
    static let insert = Statement(
        "INSERT INTO events (workspace_id, type, data) SELECT id, $2, $3::jsonb FROM workspaces WHERE id = $1"
    )
}

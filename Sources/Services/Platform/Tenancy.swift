import Identifiers
import Postgres

/// What row level security lets a transaction see. The policies, and the functions that users and API keys enter by, are in the migrations.
public enum Tenancy {
    /// Whom the daemon connects as: owner of nothing, bound by the policies. Members of it will do.
    public static let daemonRole = "rpcd_daemon"

    static let enterWorkspace = Statement("SELECT set_config('rpcd.workspace_id', $1, true)")

    fileprivate static let becomeCaller = Statement("SELECT set_config('rpcd.caller_id', $1, true)")

    fileprivate static let leaveWorkspaces = Statement("SET LOCAL ROLE rpcd_maintenance")

    /// Whether the policies bind this session.
    public static let isBound = Statement(
        """
        SELECT NOT (r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c
            WHERE c.relname = 'rpcd_migrations' AND pg_has_role(current_user, c.relowner, 'MEMBER')))
        FROM pg_roles r WHERE r.rolname = current_user
        """
    ) { try $0.get(0, as: Bool.self) }
}

extension Transaction {
    /// From here on the rows of this workspace are seen, and of no other.
    func enter(_ workspace: UUID) { queue(Tenancy.enterWorkspace, workspace) }

    /// From here on what an API key may see of itself is seen.
    func become(caller: UUID) { queue(Tenancy.becomeCaller, caller) }

    /// From here on the rows of every workspace are seen: for what the operator does, and for upkeep.
    func enterEveryWorkspace() { queue(Tenancy.leaveWorkspaces) }
}

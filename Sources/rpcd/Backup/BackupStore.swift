import Postgres

/// What a database says of itself, for the manifest of a backup and for the comparison after a restore.
extension BackupManifest.Totals {
    /// Long work: neither statements nor pauses are bounded. And the snapshot, for others to see the same.
    static let beginSnapshot = Statement(
        """
        SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
            set_config('lock_timeout', '60s', true), pg_export_snapshot()
        """
    ) { try $0.get(3, as: String.self) }

    static let liftTimeouts = Statement(
        "SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
    )

    /// Whether every row is seen.
    static let seesAll = Statement(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ) {
        try $0.get(0, as: Bool.self)
    }

    /// A count for each table: PostgreSQL runs the text that it has put together of its own catalogue.
    private static let countRows = Statement(
        """
        SELECT c.relname::text,
            (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::bigint
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1 LIMIT 1000
        """
    ) { (table: try $0.get(0, as: String.self), rows: try $0.get(1, as: Int64.self)) }

    private static let sumAccounts = Statement(
        "SELECT count(*), coalesce(sum(balance), 0)::text, coalesce(sum(held), 0)::text FROM accounts"
    ) {
        (
            accounts: try $0.get(0, as: Int64.self), balance: try $0.get(1, as: String.self),
            held: try $0.get(2, as: String.self)
        )
    }

    private static let getAuditHead = Statement(
        "SELECT number::text || ':' || encode(seal, 'hex') FROM audit_seals ORDER BY number DESC LIMIT 1"
    ) { try $0.get(0, as: String.self) }

    private static let listMigrations = Statement(
        "SELECT version, name, checksum FROM rpcd_migrations ORDER BY version LIMIT 10000"
    ) {
        BackupManifest.Migration(
            version: try $0.get(0), name: try $0.get(1), checksum: try $0.get(2))
    }

    /// Who may do what: row level security, policies, rights on tables, columns, sequences and functions, and what functions do. Whose they are
    /// may be another role after a restore.
    private static let hashAccess = Statement(
        """
        SELECT coalesce(encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex'), '') FROM (
            SELECT concat_ws(' ', 'security', c.relname, c.relrowsecurity, c.relforcerowsecurity) FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
            UNION ALL
            SELECT concat_ws(' ', 'policy', c.relname, p.polname, p.polpermissive, p.polcmd,
                (SELECT string_agg(CASE WHEN r = c.relowner THEN 'owner' WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ','
                    ORDER BY CASE WHEN r = c.relowner THEN 'owner' WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END COLLATE "C")
                FROM unnest(p.polroles) r),
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
            FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace
            UNION ALL
            SELECT concat_ws(' ', 'right', c.relname, CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END,
                a.privilege_type, a.is_grantable)
            FROM pg_class c,
                aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S') AND a.grantee <> c.relowner
            UNION ALL
            SELECT concat_ws(' ', 'column', c.relname, t.attname,
                CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END, a.privilege_type)
            FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
            WHERE c.relnamespace = 'public'::regnamespace AND NOT t.attisdropped AND a.grantee <> c.relowner
            UNION ALL
            SELECT concat_ws(' ', 'function', f.oid::regprocedure, f.prosecdef,
                CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END, md5(f.prosrc))
            FROM pg_proc f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
            WHERE f.pronamespace = 'public'::regnamespace AND a.grantee <> f.proowner
        ) lines (line)
        """
    ) { try $0.get(0, as: String.self) }

    /// In one snapshot, where the transaction has one.
    init(_ tx: borrowing Transaction) throws {
        let sums = try tx.one(Self.sumAccounts)
        self.init(
            tables: Dictionary(uniqueKeysWithValues: try tx.all(Self.countRows).map { ($0.table, $0.rows) }),
            accounts: sums.accounts, balance: sums.balance, held: sums.held,
            auditHead: try tx.first(Self.getAuditHead), access: try tx.one(Self.hashAccess),
            migrations: try tx.all(Self.listMigrations))
    }
}

/// What a restore does beside `pg_restore`.
enum RestoreStatements {
    /// What is there already and is not PostgreSQL's own.
    static let countObjects = Statement(
        """
        SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f'))
            + (SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace)
        """
    ) { try $0.get(0, as: Int64.self) }

    /// As the migration of tenancy does: roles belong to the whole cluster, and no backup of a database holds them.
    static let createRoles = Statement(
        """
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rpcd_daemon') THEN
                -- Without a password it can log in only where the server trusts or knows the peer. NOINHERIT: it is rpcd_maintenance only when it says so.
                CREATE ROLE rpcd_daemon LOGIN NOINHERIT;
                CREATE ROLE rpcd_maintenance NOLOGIN;
                GRANT rpcd_maintenance TO rpcd_daemon;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END
        $$
        """)

    /// Looking over what is restored is rpcd_maintenance's. Who may make roles may become it; who may not is told so afterwards.
    static let joinMaintenance = Statement(
        """
        DO $$
        BEGIN
            IF NOT pg_has_role(current_user, 'rpcd_maintenance', 'MEMBER') THEN
                GRANT rpcd_maintenance TO CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
            NULL;
        END
        $$
        """)

    static let mayHandOver = Statement(
        "SELECT pg_has_role(current_user, datdba, 'MEMBER') FROM pg_database WHERE datname = current_database()"
    ) { try $0.get(0, as: Bool.self) }

    /// The tables are whose the database is: who migrates later has to own them, and functions that run as their owner must not run as a superuser.
    static let handOver = Statement(
        """
        DO $$
        DECLARE
            owner name := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
            command text;
        BEGIN
            IF owner = current_user THEN
                RETURN;
            END IF;
            FOR command IN
                SELECT format('ALTER %s %I.%I OWNER TO %I', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                    nspname, relname, owner)
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND relkind IN ('r', 'p', 'v', 'm') AND relowner = current_user::regrole
                UNION ALL
                -- Those of a column have gone with their table.
                SELECT format('ALTER SEQUENCE %I.%I OWNER TO %I', nspname, relname, owner)
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND relkind = 'S' AND relowner = current_user::regrole
                    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i'))
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, owner)
                FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
                UNION ALL
                SELECT format('ALTER TYPE %I.%I OWNER TO %I', nspname, typname, owner)
                FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE n.nspname = 'public' AND typtype IN ('d', 'e') AND typowner = current_user::regrole
            LOOP
                EXECUTE command;
            END LOOP;
        END
        $$
        """)

    /// What `pg_restore` leaves out, as its list names it: the policy is for the owner of the table, whose name may be another one here.
    static let ownersPolicy = " POLICY public records of_view "

    static let createOwnersPolicy = Statement(
        """
        DO $$
        BEGIN
            EXECUTE format('CREATE POLICY of_view ON records FOR SELECT TO %s USING (true)',
                (SELECT relowner::regrole FROM pg_class WHERE oid = 'records'::regclass));
        END
        $$
        """)

    /// Statistics, without which the first plans are bad.
    static let analyze = Statement("ANALYZE")
}

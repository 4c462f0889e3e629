import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Migrations, on a real server")
struct MigratorTests {
    private static let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("migrations").path

    /// A folder with these files, for the time of `body`.
    private func folder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "/migrations-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (name, text) in files {
            try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        }
        try body(path)
    }

    private let first =
        "-- migrate:up\nCREATE TABLE a (n int8 PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n"

    /// Every column, index and constraint, as text.
    private func schema(_ conninfo: String) async throws -> [String] {
        let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
        defer { pool.close(within: 5) }
        let columns = Statement(
            """
            SELECT format('%s.%s %s %s %s', c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default)
            FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'rpcd_migrations'
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'rpcd_migrations'
            UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid <> 'rpcd_migrations'::regclass ORDER BY 1
            """
        ) { try $0.get(0, as: String.self) }
        return try await pool.run { tx in try tx.all(columns) }
    }

    @Test("Every shipped migration goes up, down and up again, and leaves the same schema")
    func shipped() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let files = try MigrationFile.read(folder: MigratorTests.shipped)
        let migrator = try Migrator(conninfo: conninfo, files: files)
        for file in files {
            try migrator.up(to: file.version)
            let before = try await schema(conninfo)
            #expect(try migrator.down(to: file.version - 1) == [file.version])
            if file.version == 1 { #expect(try await schema(conninfo).isEmpty) }
            try migrator.up(to: file.version)
            #expect(try await schema(conninfo) == before)
        }
        #expect(try migrator.standing() == .upToDate)
        #expect(try migrator.up() == [])
    }

    @Test("No migration since the first release locks a table that is served from, unless it says why it may")
    func hazards() throws {
        for file in try MigrationFile.read(folder: MigratorTests.shipped)
        where file.version > MigrationCheck.baseline {
            #expect(MigrationCheck.hazards(in: file) == [], "\(file.version) \(file.name)")
        }
    }

    @Test(
        "The check finds what locks a table or takes away what the release before needs",
        arguments: [
            ("CREATE INDEX x ON records (id)", true), ("CREATE UNIQUE INDEX x ON records (id)", true),
            ("CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON records (id)", false),
            ("CREATE TABLE t (id int8 PRIMARY KEY); CREATE INDEX x ON t(id)", false),
            ("ALTER TABLE records ADD COLUMN note text", false),
            ("ALTER TABLE records ADD COLUMN note text NOT NULL DEFAULT ''", false),
            ("ALTER TABLE records ADD COLUMN n text NOT NULL", true),
            ("alter table records add column n uuid default gen_random_uuid()", true),
            ("ALTER TABLE records ALTER COLUMN n TYPE int8", true),
            ("ALTER TABLE records ALTER COLUMN n SET NOT NULL", true),
            ("ALTER TABLE records ADD CONSTRAINT c CHECK (n > 0)", true),
            ("ALTER TABLE records ADD CONSTRAINT c CHECK (n > 0) NOT VALID", false),
            ("ALTER TABLE records VALIDATE CONSTRAINT c", false),
            ("ALTER TABLE records ADD COLUMN w uuid REFERENCES workspaces", true),
            ("ALTER TABLE records RENAME COLUMN a TO b", true), ("ALTER TABLE records DROP COLUMN a", true),
            ("DROP TABLE records", true), ("UPDATE records SET n = 1", true), ("DROP INDEX x", true),
            ("DROP INDEX CONCURRENTLY IF EXISTS x", false),
            ("-- DROP TABLE records\nSELECT 'DROP TABLE x; UPDATE y'", false),
            (
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET n = 1; END $$",
                false
            ),
            ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $body$ DELETE FROM t $body$", false),
            ("CREATE INDEX CONCURRENTLY ON records (id)", true),
            ("DO $$ BEGIN ALTER TABLE records ALTER COLUMN n SET NOT NULL; END $$", true),
            ("DO $x$ BEGIN IF true THEN CREATE INDEX x ON records (id); END IF; END $x$", true),
            ("DO 'BEGIN UPDATE records SET n = 1; END'", true),
            ("DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE records'; END $$", true),
            ("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE r; END IF; END $$", false),
            ("DO $$ BEGIN INSERT INTO t VALUES (1) ON CONFLICT (n) DO UPDATE SET n = 2; END $$", false),
            ("/* DROP TABLE records; */ SELECT $$; DROP TABLE records; $$", false),
        ])
    func check(sql: String, isRefused: Bool) throws {
        for reason in ["", "-- migrate:allow nobody reads it any more\n-- migrate:breaks-before 1\n"] {
            try folder(["0001_a.sql": "\(reason)-- migrate:up\n\(sql);\n-- migrate:down\n"]) { path in
                let file = try #require(try MigrationFile.read(folder: path).first)
                #expect(MigrationCheck.hazards(in: file).isEmpty == (!isRefused || !reason.isEmpty), "\(sql)")
            }
        }
    }

    @Test(
        "A migrate:allow is for one statement: the next one, or, before all of them, the first that needs it")
    func pardons() throws {
        func refused(_ head: String, _ up: String) throws -> [String] {
            var hazards: [MigrationCheck.Hazard] = []
            try folder(["0001_a.sql": "\(head)-- migrate:up\n\(up)\n-- migrate:down\n"]) { path in
                let file = try #require(try MigrationFile.read(folder: path).first)
                hazards = MigrationCheck.hazards(in: file)
            }
            return hazards.map(\.statement)
        }
        let two = "SELECT 1;\nUPDATE a SET n = 1;\nUPDATE b SET n = 1;"
        #expect(try refused("", two).count == 2)
        #expect(try refused("-- migrate:allow one row\n", two) == ["UPDATE B SET N = 1"])
        #expect(try refused("-- migrate:allow\n", two).count == 2, "without a reason it allows nothing")
        let between =
            "UPDATE a SET n = 1;\n-- migrate:allow one row\nUPDATE b SET n = 1;\nUPDATE c SET n = 1;"
        #expect(try refused("", between) == ["UPDATE A SET N = 1", "UPDATE C SET N = 1"])
        let spent = "-- migrate:allow it is not needed\nSELECT 1;\nUPDATE a SET n = 1;"
        #expect(try refused("", spent) == ["UPDATE A SET N = 1"])
        let block = "DO $$ BEGIN\n-- migrate:allow one row\nUPDATE a SET n = 1;\nUPDATE b SET n = 1; END $$;"
        #expect(try refused("", block) == ["UPDATE B SET N = 1"])
    }

    @Test(
        "migrate up refuses what would hold up those who are served, before it does anything; a new database has nobody"
    )
    func refusedWhileServing() throws {
        try folder([
            "0001_a.sql": first,
            "0002_b.sql": "-- migrate:up\nCREATE TABLE b (n int8);\n-- migrate:down\nDROP TABLE b;\n",
            "0003_c.sql": "-- migrate:up\nCREATE INDEX i ON a (n);\n-- migrate:down\nDROP INDEX i;\n",
        ]) { path in
            let files = try MigrationFile.read(folder: path)
            let served = try TestCluster.shared.get().freshDatabase()
            let migrator = try Migrator(conninfo: served, files: files, baseline: 1)
            try migrator.up(to: 1)
            let error = #expect(throws: MigrationError.self) { try migrator.up() }
            #expect(error?.description.contains("Migration 3 c would hold up") == true)
            #expect(try migrator.standing() == .behind(2))
            #expect(try migrator.up(to: 2) == [2])
            #expect(try Migrator(conninfo: served, files: files).up() == [3], "of before the first release")
            let new = try TestCluster.shared.get().freshDatabase()
            #expect(try Migrator(conninfo: new, files: files, baseline: 1).up() == [1, 2, 3])
        }
    }

    @Test("What is left of an index whose building was broken off is not taken for the index")
    func brokenIndex() throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let console = try SQLConsole(conninfo)
        for name in ["a_m_idx", "\"A_m_Idx\""] {
            let second = """
                -- migrate:alone
                -- migrate:up
                CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \(name) ON a (m);
                -- migrate:down
                DROP INDEX CONCURRENTLY IF EXISTS \(name);
                """
            try folder([
                "0001_a.sql":
                    "-- migrate:up\nCREATE TABLE a (m int8);\nINSERT INTO a VALUES (1), (1);\n-- migrate:down\nDROP TABLE a;\n",
                "0002_b.sql": second,
            ]) { path in
                let migrator = try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: path))
                #expect(throws: MigrationError.self) { try migrator.up() }
                _ = console.run("DELETE FROM a")
                #expect(try migrator.up() == [2])
                let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = '\(name)'::regclass"
                #expect(console.run(valid).rows == [["t"]])
                try migrator.down(to: 0)
            }
        }
    }

    @Test(
        "What takes something away says which releases it breaks, whatever else it may",
        arguments: [
            "DROP TABLE records", "ALTER TABLE records DROP COLUMN a",
            "ALTER TABLE IF EXISTS records RENAME COLUMN a TO b",
        ])
    func contraction(sql: String) throws {
        for mark in ["", "-- migrate:breaks-before 1\n"] {
            let text = "-- migrate:allow nobody reads it\n\(mark)-- migrate:up\n\(sql);\n-- migrate:down\n"
            try folder(["0001_a.sql": text]) { path in
                let file = try #require(try MigrationFile.read(folder: path).first)
                #expect(MigrationCheck.hazards(in: file).isEmpty == !mark.isEmpty)
            }
        }
    }

    @Test("An index is built beside those who write; broken off in the middle, the same file does it anew")
    func alone() throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let console = try SQLConsole(conninfo)
        let second = """
            -- migrate:alone
            -- migrate:up
            DROP INDEX CONCURRENTLY IF EXISTS a_m_idx;
            CREATE UNIQUE INDEX CONCURRENTLY a_m_idx ON a (m);
            -- migrate:down
            DROP INDEX CONCURRENTLY IF EXISTS a_m_idx;
            """
        try folder([
            "0001_a.sql":
                "-- migrate:up\nCREATE TABLE a (m int8);\nINSERT INTO a VALUES (1), (1);\n-- migrate:down\n",
            "0002_b.sql": second,
        ]) { path in
            let migrator = try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: path))
            #expect(throws: MigrationError.self) { try migrator.up() }
            // An index that is not valid is there now.
            #expect(try migrator.standing() == .behind(1))
            _ = console.run("DELETE FROM a")
            #expect(try migrator.up() == [2])
            #expect(
                console.run("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_m_idx'::regclass").rows
                    == [["t"]])
            #expect(try migrator.down(to: 1) == [2])
        }
    }

    @Test("Every foreign key of the shipped schema has an index, every table a primary key")
    func indexes() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: MigratorTests.shipped)).up()
        let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
        defer { pool.close(within: 5) }
        let bare = Statement(
            """
            SELECT conrelid::regclass || '.' || conname FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS (
                SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
                    AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
            UNION ALL
            SELECT oid::regclass::text FROM pg_class t WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = t.oid AND contype = 'p')
            """
        ) { try $0.get(0, as: String.self) }
        #expect(try await pool.run { tx in try tx.all(bare) } == [])
    }

    @Test(
        "A file that changed after it was applied, a newer database and a failing file are refused; nothing is left half"
    )
    func refusals() throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let broken =
            "-- migrate:up\nCREATE TABLE b (n int8);\nSELECT nonsense;\n-- migrate:down\nDROP TABLE b;\n"
        try folder(["0001_a.sql": first, "0002_b.sql": broken]) { path in
            let migrator = try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: path))
            #expect(try migrator.standing() == .behind(2))
            let error = #expect(throws: MigrationError.self) { try migrator.up() }
            #expect(error?.description.contains("Migration 2 b, up") == true)
            #expect(try migrator.status().map(\.isApplied) == [true, false])
        }
        try folder(["0001_a.sql": first + "-- more\n"]) { path in
            let migrator = try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: path))
            #expect(try migrator.standing() == .changed(version: 1))
            #expect(throws: MigrationError.self) { try migrator.up() }
        }
    }

    @Test("A release serves beside newer migrations, unless one of them says that it does not survive it")
    func ahead() throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let empty = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n"
        let third = "-- migrate:breaks-before 2\n" + empty
        try folder(["0001_a.sql": first, "0002_b.sql": empty, "0003_c.sql": third]) { path in
            let files = try MigrationFile.read(folder: path)
            func standing(_ count: Int) throws -> Migrator.Standing {
                try Migrator(conninfo: conninfo, files: Array(files.prefix(count))).standing()
            }
            let migrator = try Migrator(conninfo: conninfo, files: files)
            try migrator.up(to: 2)
            #expect(try standing(1) == .ahead(breaking: nil))
            #expect(try standing(0) == .ahead(breaking: nil))
            #expect(try Migrator(conninfo: conninfo, files: Array(files.prefix(1))).up() == [])
            try migrator.up()
            #expect(try standing(2) == .ahead(breaking: nil))
            #expect(try standing(1) == .ahead(breaking: 3))
            let error = #expect(throws: MigrationError.self) {
                try Migrator(conninfo: conninfo, files: Array(files.prefix(1))).up()
            }
            #expect(error?.description.contains("newer release") == true)
            // A database that was migrated before there was the mark.
            try SQLConsole(conninfo).run("ALTER TABLE rpcd_migrations DROP COLUMN breaks_before")
            #expect(try standing(3) == .upToDate)
            #expect(try standing(1) == .ahead(breaking: nil))
            #expect(try migrator.down(to: 1) == [3, 2])
            #expect(try migrator.up() == [2, 3])
            #expect(try standing(1) == .ahead(breaking: 3))
        }
    }

    @Test(
        "Files follow each other without a gap, and each has both parts",
        arguments: [
            ["0002_b.sql": "-- migrate:up\n-- migrate:down\n"], ["0001_a.sql": "-- migrate:up\n"],
            ["1_a.sql": ""],
            ["0001_a.sql": "-- migrate:up\n-- migrate:up\n-- migrate:down\n"],
            ["0001_a.sql": "-- migrate:breaks-before 2\n-- migrate:up\n-- migrate:down\n"],
            ["0001_a.sql": "-- migrate:breaks-before all\n-- migrate:up\n-- migrate:down\n"],
        ])
    func badFiles(files: [String: String]) throws {
        try folder(files) { path in
            #expect(throws: MigrationError.self) { try MigrationFile.read(folder: path) }
        }
    }

    @Test("Of several that migrate at once, one does it and the others find it done")
    func atOnce() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let done = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: MigratorTests.shipped))
                        .up()
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(done == (try MigrationFile.read(folder: MigratorTests.shipped).map(\.version)))
    }
}

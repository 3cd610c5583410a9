// The doctor's look at the database: whether it answers, how it is set up, and whether its schema is ours. On the loop.

import Actors
import Reactor

extension Doctor {
    /// More than this between two clocks makes tokens and leases expire at odd times; the second is beyond what tokens forgive.
    private static let noticeableSkew = Duration.seconds(1)
    private static let intolerableSkew = Duration.seconds(30)
    private static let slowAnswer = Duration.milliseconds(50)
    private static let shownChanges = 5

    func database() async -> [Finding] {
        let check = "database"
        guard let settings = try? configuration.databaseConfiguration else {
            return [.fail(check, "DATABASE_URL cannot be read", hint: "look at DATABASE_URL")]
        }
        if let path = try? await OperatorDatabase.missingFile(configuration, on: loop) {
            let hint = "reactor migrate up makes it; so does reactor serve in development"
            return [.warn(check, "\(path) is not there yet", hint: hint)]
        }
        do {
            return try await OperatorDatabase.withPool(configuration, on: loop) { settings in
                settings.statementTimeout = .seconds(30)
                settings.poolWait = .seconds(5)
            } _: { pool in
                let answered = try await self.answer(of: pool, settings)
                return [answered] + (try await self.server(pool)) + (await self.schema(pool))
            }
        } catch {
            return [.fail(check, "\(settings): \(error)", hint: "look at DATABASE_URL, and whether the server runs and lets us in")]
        }
    }

    // MARK: The server

    private func answer(of pool: DatabasePool, _ settings: DatabaseConfiguration) async throws -> Finding {
        let version = SQLStatement.read(
            postgres: "SELECT 'PostgreSQL ' || current_setting('server_version')", sqlite: "SELECT 'SQLite ' || sqlite_version()")
        // The first one connects; the second is what requests will see.
        let name = try await pool.execute(version, []).first?.string(0) ?? ""
        let began = MonotonicInstant.now()
        _ = try await pool.execute(.read("SELECT 1"), [])
        let latency = MonotonicInstant.now() - began
        let detail = "\(settings), \(name), \(latency.milliseconds)"
        return latency > Doctor.slowAnswer
            ? .warn("database", detail, hint: "every request waits for it several times: bring the two closer together")
            : .ok("database", detail)
    }

    private func server(_ pool: DatabasePool) async throws -> [Finding] {
        guard pool.dialect == .postgres else {
            let mode = try await pool.execute(.read("PRAGMA journal_mode"), []).first?.string(0) ?? ""
            return mode == "wal"
                ? [.ok("journal", "write-ahead")]
                : [.warn("journal", "it is \(mode)", hint: "put the file on a local disk: without the write-ahead log readers wait")]
        }
        let began = Timestamp.now()
        let row = try await pool.execute(
            .read(
                """
                SELECT clock_timestamp(), pg_is_in_recovery(), CAST(current_setting('max_connections') AS integer),
                    current_setting('server_encoding'), has_schema_privilege(current_schema(), 'CREATE')
                """), []
        ).first
        guard let row else { return [] }
        let ended = Timestamp.now()
        let skew = try clock(row.timestamp(0), between: began, and: ended)
        return [skew] + (try settings(row))
    }

    private func clock(_ theirs: Timestamp, between began: Timestamp, and ended: Timestamp) -> Finding {
        let middle = began + (ended - began) / 2
        let skew = theirs > middle ? theirs - middle : middle - theirs
        let detail = "\(skew.milliseconds) from the database's"
        let hint = "let both machines ask a time server (chrony, systemd-timesyncd)"
        if skew > Doctor.intolerableSkew { return .fail("clock", detail, hint: hint) }
        return skew > Doctor.noticeableSkew ? .warn("clock", detail, hint: hint) : .ok("clock", detail)
    }

    private func settings(_ row: SQLRow) throws(DatabaseError) -> [Finding] {
        var findings: [Finding] = []
        if try row.bool(1) {
            findings.append(.fail("role", "the server is a standby: it takes no writes", hint: "name the primary in DATABASE_URL"))
        }
        let allowed = try row.int(2)
        let loops = configuration.server.loops ?? EventLoopGroup.defaultLoopCount
        // A shared one and those for transactions, on each loop.
        let wanted = Int64(loops) * Int64(configuration.database.poolSize + 1)
        findings.append(
            wanted > allowed
                ? .warn(
                    "connections", "up to \(wanted) from this process, and the server allows \(allowed)",
                    hint: "lower LOOPS or DB_POOL_SIZE, or raise max_connections")
                : .ok("connections", "up to \(wanted) of \(allowed) that the server allows"))
        let encoding = try row.string(3)
        if encoding != "UTF8" {
            findings.append(.fail("encoding", "the database's is \(encoding)", hint: "make it anew with ENCODING 'UTF8'"))
        }
        return findings
    }

    // MARK: The schema

    private func schema(_ pool: DatabasePool) async -> [Finding] {
        let migrator = Migrator(pool: pool)
        do {
            let pending = try await migrator.status().filter { $0.state == .pending }
            guard pending.isEmpty else {
                let names = pending.map(\.label).joined(separator: ", ")
                let detail = "pending: \(names)"
                return configuration.environment == .development
                    ? [.warn("migrations", detail, hint: "reactor serve applies them in development; or reactor migrate up")]
                    : [.fail("migrations", detail, hint: "reactor migrate up")]
            }
            return [.ok("migrations", "all \(Migration.all.count) are applied"), try await difference(migrator)]
        } catch {
            return [.fail("migrations", "\(error)", hint: "reactor migrate status")]
        }
    }

    private func difference(_ migrator: Migrator) async throws -> Finding {
        let changes = try await migrator.schemaChanges()
        let lines = changes.flatMap(\.lines)
        guard !changes.allSatisfy(\.isOnlySurplus) else {
            return .ok("schema", lines.isEmpty ? "as declared" : "as declared, beside \(lines.count) things that are not this program's")
        }
        let shown = lines.prefix(Doctor.shownChanges).joined(separator: "; ")
        return .warn(
            "schema", "not as declared: \(shown)\(lines.count > Doctor.shownChanges ? " ..." : "")",
            hint: "reactor migrate check shows all; somebody changed it by hand")
    }
}

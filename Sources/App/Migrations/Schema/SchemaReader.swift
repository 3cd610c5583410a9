// A live database's schema, read into the terms of a declaration. Reads the catalogue only; runs on whatever loop its executor has.

import Reactor

/// Reads what a database holds.
enum SchemaReader {
    /// What belongs to no schema of ours: our own list of migrations, and Alembic's.
    static let bookkeepingTables: Set<String> = ["schema_migrations", "alembic_version"]

    /// Every table but the bookkeeping, by name.
    /// - Throws: ``DatabaseError``.
    static func read(_ executor: any SQLExecutor) async throws -> DatabaseSchema {
        let tables =
            switch executor.dialect {
            case .postgres: try await postgresTables(executor)
            case .sqlite: try await sqliteTables(executor)
            }
        return DatabaseSchema(tables: tables.filter { !bookkeepingTables.contains($0.name) }.sorted { $0.name < $1.name })
    }
}

extension ColumnType {
    /// Reads a type as PostgreSQL's format_type, or a column's declaration in SQLite, writes it.
    init(live text: String, _ dialect: SQLDialect) {
        let name = text.prefix { $0 != "(" }.lowercased()
        let numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) }
        switch dialect {
        case .postgres: self = ColumnType.postgres(name, numbers) ?? .other(text)
        case .sqlite: self = ColumnType.sqlite(name, numbers) ?? .other(text)
        }
    }

    private static func postgres(_ name: String, _ numbers: [Int]) -> ColumnType? {
        switch name {
        case "bigint": .bigint
        case "integer": .integer
        case "text": .text
        case "character varying": numbers.first.map { .varchar($0) }
        case "boolean": .boolean
        case "timestamp with time zone": .timestamp
        case "uuid": .uuid
        case "numeric" where numbers.count == 2: .decimal(precision: numbers[0], scale: numbers[1])
        case "double precision": .double
        case "bytea": .bytes
        default: nil
        }
    }

    /// SQLite takes any words for a type; these are the ones that SQLAlchemy and we write.
    private static func sqlite(_ name: String, _ numbers: [Int]) -> ColumnType? {
        switch name {
        case "integer", "int", "bigint", "smallint": .bigint
        case "text", "clob": .text
        case "varchar", "nvarchar": numbers.first.map { .varchar($0) } ?? .text
        case "boolean", "bool": .boolean
        case "datetime", "timestamp", "date": .timestamp
        case "uuid": .uuid
        case "numeric", "decimal": .decimal(precision: numbers.first ?? 38, scale: numbers.last ?? 10)
        case "real", "float", "double", "double precision": .double
        case "blob": .bytes
        default: nil
        }
    }
}

extension ColumnDefault {
    /// Reads a default expression.
    init(live text: String) {
        switch SQLText.canonical(text) {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        case "now", "current_timestamp", "strftime '%Y-%m-%d %H:%M:%f000' 'now'": self = .now
        case let canonical:
            if let number = Int64(canonical) {
                self = .int(number)
            } else if case let tokens = SQLText.tokens(canonical), tokens.count == 1, tokens[0].kind == .literal {
                self = .text(SQLText.unquoted(tokens[0].text))
            } else {
                self = .expression(text)
            }
        }
    }
}

extension SQLText {
    /// The content of a literal with its quotes.
    static func unquoted(_ literal: String) -> String {
        literal.dropFirst().dropLast().split(separator: "''", omittingEmptySubsequences: false).joined(separator: "'")
    }
}

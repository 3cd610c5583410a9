// The first entry of a backup: what is in it, and which schema that fits. Pure.

import Reactor

/// What an archive holds.
struct ArchiveManifest: Sendable, Hashable {
    static let format = 1
    static let entryName = "manifest.json"

    struct Column: Sendable, Hashable {
        var name: String
        var type: ArchiveType
    }

    struct Table: Sendable, Hashable {
        var name: String
        var columns: [Column]
        /// The last number that was given out; nil where none are.
        var sequence: Int64?
    }

    struct AppliedVersion: Sendable, Hashable {
        var version: Int
        var name: String
    }

    var programVersion: String
    var createdAt: Timestamp
    /// Where it came from, for people: it can be restored anywhere.
    var database: String
    var migrations: [AppliedVersion]
    /// In an order in which they can be filled.
    var tables: [Table]

    // MARK: JSON

    var json: JSONValue {
        [
            "format": .number(JSONNumber(ArchiveManifest.format)),
            "program": "reactor",
            "version": .string(programVersion),
            "created_at": .string(createdAt.rfc3339),
            "database": .string(database),
            "migrations": .array(
                migrations.map { ["version": .number(JSONNumber($0.version)), "name": .string($0.name)] }),
            "tables": .array(
                tables.map { table in
                    [
                        "name": .string(table.name),
                        "sequence": table.sequence.map { .number(JSONNumber($0)) } ?? .null,
                        "columns": .array(table.columns.map { ["name": .string($0.name), "type": .string($0.type.name)] }),
                    ]
                }),
        ]
    }

    /// - Throws: ``ArchiveError``.
    init(json bytes: [UInt8]) throws(ArchiveError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONParser.parse(bytes)
        } catch {
            throw .damaged("its manifest is no JSON")
        }
        guard document["program"]?.ownString == "reactor", let format = document["format"]?.whole else { throw .notAnArchive }
        guard format <= ArchiveManifest.format else { throw .newer("format \(format)") }
        guard let version = document["version"]?.ownString, let created = document["created_at"]?.text.flatMap({ Timestamp(rfc3339: $0) }),
            let migrations = document["migrations"]?.array, let tables = document["tables"]?.array
        else { throw .damaged("its manifest is incomplete") }
        programVersion = version
        createdAt = created
        database = document["database"]?.ownString ?? ""
        self.migrations = []
        for migration in migrations {
            guard let version = migration["version"]?.whole, let name = migration["name"]?.ownString else {
                throw .damaged("its manifest names a migration without a number or a name")
            }
            self.migrations.append(AppliedVersion(version: version, name: name))
        }
        self.tables = []
        for table in tables { self.tables.append(try ArchiveManifest.table(table)) }
    }

    private static func table(_ json: JSONValue) throws(ArchiveError) -> Table {
        guard let name = json["name"]?.ownString, let columns = json["columns"]?.array, !columns.isEmpty else {
            throw .damaged("its manifest has a table without name or columns")
        }
        var table = Table(name: name, columns: [], sequence: json["sequence"]?.whole.map { Int64($0) })
        for column in columns {
            guard let columnName = column["name"]?.ownString, let type = column["type"]?.ownString.flatMap(ArchiveType.init(name:)) else {
                throw .damaged("its manifest has a column of \(name) of no known type")
            }
            table.columns.append(Column(name: columnName, type: type))
        }
        return table
    }

    init(programVersion: String, createdAt: Timestamp, database: String, migrations: [AppliedVersion], tables: [Table]) {
        self.programVersion = programVersion
        self.createdAt = createdAt
        self.database = database
        self.migrations = migrations
        self.tables = tables
    }
}

extension JSONValue {
    /// The number, where this is a whole one.
    fileprivate var whole: Int? {
        guard case .number(let number) = self, case .value(let value) = number.whole else { return nil }
        return value
    }
}

extension JSONValue {
    /// The text of a string in an archive.
    fileprivate var ownString: String? {
        // TEXT: an archive is the operator's own, and is read by a command.
        text?.swiftString
    }
}

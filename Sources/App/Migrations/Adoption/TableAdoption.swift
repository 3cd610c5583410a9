// One table on its way to being ours: where each column comes from, what else is kept, and the statements. Pure.

import Reactor

struct TableAdoption: Sendable, Hashable {
    let source: TableSchema
    let target: TableSchema
    let dialect: SQLDialect
    private(set) var columns: [AdoptionColumn] = []
    private(set) var remarks: [AdoptionCheck] = []

    /// What the old table is called meanwhile.
    var asideName: String { "adopted_\(source.name)" }

    /// - Throws: where the old table lacks what ours cannot do without.
    init(from source: TableSchema, to target: TableSchema, _ dialect: SQLDialect) throws(AdoptionProblems) {
        self.source = source
        self.target = target
        self.dialect = dialect
        guard let recipe = AdoptionRecipe.all[target.name] else {
            throw AdoptionProblems(lines: ["table \(source.name) is in the way: this program makes one of that name; rename it"])
        }
        var problems: [String] = []
        for column in target.columns {
            if let special = special(column) {
                columns.append(special)
            } else if let old = recipe.sources(of: column.name).lazy.compactMap({ source[column: $0] }).first {
                if let converted = AdoptionColumn.converted(column.name, from: old, to: column.type, dialect) {
                    columns.append(converted)
                } else {
                    problems.append("\(source.name).\(old.name) is \(old.liveType), which cannot become \(column.type.sql(.postgres))")
                }
            } else if recipe.essentials.contains(column.name) {
                problems.append("table \(source.name) has no column for \(column.name): it is not what this program takes it for")
            }
        }
        guard problems.isEmpty else { throw AdoptionProblems(lines: problems) }
        // A row that nobody noted a change of was last changed when it was made.
        if target[column: "updated_at"] != nil, !columns.contains(where: { $0.name == "updated_at" }),
            let created = columns.first(where: { $0.name == "created_at" })
        {
            columns.append(AdoptionColumn(name: "updated_at", expression: created.expression, sources: []))
        }
    }

    // MARK: Columns that are more than a conversion

    private mutating func special(_ column: ColumnSchema) -> AdoptionColumn? {
        switch (target.name, column.name) {
        case ("users", "role"): role()
        case ("users", "is_active"): opposite(of: AdoptionRecipe.disabledFlags, for: column)
        case ("users", "email_verified_at"): verified()
        case ("tasks", "status"):
            source[column: "status"].map { word(column, $0, AdoptionRecipe.statuses) } ?? completed()
        case ("tasks", "priority"): source[column: "priority"].map { word(column, $0, AdoptionRecipe.priorities) }
        default: nil
        }
    }

    private mutating func role() -> AdoptionColumn? {
        let flags = AdoptionRecipe.administratorFlags.compactMap { source[column: $0] }
        let roles = (AdoptionRecipe.all["users"]?.sources(of: "role") ?? []).compactMap { source[column: $0] }
        var conditions = flags.compactMap { AdoptionColumn.converted($0, to: .boolean, dialect) }.map { isTrue($0) }
        if let role = roles.first {
            conditions.append("\(AdoptionColumn.normalized(role)) IN (\(AdoptionColumn.list(AdoptionRecipe.administratorRoles)))")
            let known = AdoptionColumn.list(AdoptionRecipe.administratorRoles + AdoptionRecipe.userRoles)
            let word = AdoptionColumn.normalized(role)
            remarks.append(
                AdoptionCheck(
                    problem: "roles that this program does not have became user",
                    query: "SELECT \(word) || ' (' || CAST(count(*) AS text) || ')' FROM \(from) "
                        + "WHERE \(word) NOT IN (\(known)) GROUP BY \(word) ORDER BY 1"))
        }
        guard !conditions.isEmpty else { return nil }
        return AdoptionColumn(
            name: "role", expression: "CASE WHEN \(conditions.joined(separator: " OR ")) THEN 'admin' ELSE 'user' END",
            sources: flags.map(\.name) + roles.prefix(1).map(\.name))
    }

    private func opposite(of flags: [String], for column: ColumnSchema) -> AdoptionColumn? {
        guard source[column: column.name] == nil, let flag = flags.lazy.compactMap({ source[column: $0] }).first,
            let value = AdoptionColumn.converted(flag, to: .boolean, dialect)
        else { return nil }
        return AdoptionColumn(name: column.name, expression: "NOT (\(value))", sources: [flag.name])
    }

    private func verified() -> AdoptionColumn? {
        guard source[column: "email_verified_at"] == nil,
            let flag = AdoptionRecipe.verifiedFlags.lazy.compactMap({ source[column: $0] }).first,
            let value = AdoptionColumn.converted(flag, to: .boolean, dialect)
        else { return nil }
        return AdoptionColumn(
            name: "email_verified_at", expression: "CASE WHEN \(isTrue(value)) THEN \(ColumnDefault.now.sql(dialect)) END",
            sources: [flag.name])
    }

    private func completed() -> AdoptionColumn? {
        guard let flag = AdoptionRecipe.completedFlags.lazy.compactMap({ source[column: $0] }).first,
            let value = AdoptionColumn.converted(flag, to: .boolean, dialect)
        else { return nil }
        return AdoptionColumn(
            name: "status", expression: "CASE WHEN \(isTrue(value)) THEN 'completed' ELSE 'pending' END", sources: [flag.name])
    }

    private func word(_ column: ColumnSchema, _ old: ColumnSchema, _ words: [(ours: String, theirs: [String])]) -> AdoptionColumn {
        AdoptionColumn(name: column.name, expression: AdoptionColumn.mapped(old, words), sources: [old.name])
    }

    private func isTrue(_ expression: String) -> String {
        dialect == .postgres ? "COALESCE(\(expression), false)" : "COALESCE(\(expression), 0) = 1"
    }

    // MARK: What must hold

    var from: String { SQLText.identifier(source.name) }
    /// Columns that a value which is there may leave NULL: a flag that says no.
    private static let mayBeEmptied: Set<String> = ["email_verified_at"]
    private var rowID: String { "CAST(\(SQLText.identifier("id")) AS text)" }

    /// Questions about the rows as they are, asked before anything is moved.
    var checks: [AdoptionCheck] {
        var checks: [AdoptionCheck] = []
        func ask(_ column: String, _ problem: String, _ condition: String) {
            checks.append(
                AdoptionCheck(
                    problem: "\(source.name).\(column) \(problem), in rows",
                    query: "SELECT \(rowID) FROM \(from) WHERE \(condition) ORDER BY id"))
        }
        for column in columns {
            guard let declared = target[column: column.name], let source = column.sources.first else { continue }
            let value = column.expression
            let old = SQLText.identifier(source)
            if let unreadable = column.unreadable {
                ask(source, "holds what is no time of the years 1 to 9999", unreadable)
            } else if !TableAdoption.mayBeEmptied.contains(column.name), value != old {
                ask(source, "holds what is no \(column.name) of this program", "\(old) IS NOT NULL AND (\(value)) IS NULL")
            }
            if !declared.isNullable, declared.defaultValue == nil { ask(source, "is empty", "\(old) IS NULL") }
            switch declared.type {
            case .varchar(let length):
                ask(source, "is longer than \(length) characters", "length(\(value)) > \(length)")
            case .decimal(let precision, let scale):
                let limit = "1" + String(repeating: "0", count: dialect == .sqlite ? precision : precision - scale)
                ask(source, "is out of range", "\(value) < 0 OR \(value) >= \(limit)")
            default: break
            }
        }
        return checks + uniqueness + references
    }

    private var uniqueness: [AdoptionCheck] {
        target.indexes.filter(\.isUnique).compactMap { index in
            let words = index.keys.flatMap(SQLText.tokens).map(\.text)
            guard index.keys.count == 1, let column = columns.first(where: { words.contains($0.name) }) else { return nil }
            let isFolded = index.keys[0].hasPrefix("lower")
            let key = isFolded ? "lower(\(column.expression))" : column.expression
            let sameness = isFolded ? "the same but for upper and lower case" : "the same"
            return AdoptionCheck(
                problem: "\(source.name).\(column.sources.joined(separator: ", ")) holds values that are \(sameness)",
                query: "SELECT \(key) FROM \(from) WHERE \(key) IS NOT NULL GROUP BY \(key) HAVING count(*) > 1 ORDER BY 1")
        }
    }

    /// SQLite's applications seldom enforce them.
    private var references: [AdoptionCheck] {
        target.foreignKeys.compactMap { key in
            guard key.columns.count == 1, let column = columns.first(where: { $0.name == key.columns[0] }) else { return nil }
            let table = SQLText.identifier(key.table)
            return AdoptionCheck(
                problem:
                    "\(source.name).\(column.sources.joined(separator: ", ")) points to no row of \(key.table); delete these rows or give them an owner",
                query: "SELECT \(rowID) FROM \(from) WHERE \(column.expression) IS NOT NULL "
                    + "AND \(column.expression) NOT IN (SELECT \(SQLText.identifier(key.referencedColumns[0])) FROM \(table)) ORDER BY id")
        }
    }
}

// What hangs on a table that is adopted (indexes, checks, foreign keys): what of it is made again, and what is not. Pure.

import Reactor

/// What becomes of the parts of one table. Those that ours stand in for are in none of these.
struct AdoptedParts: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable { case indexes, checks, keys = "foreign keys" }

    /// Statements; behind all rows.
    var indexes: [String] = []
    /// Statements, PostgreSQL's only; behind the indexes of all tables.
    var constraints: [String] = []
    /// SQLite takes a check along with a column only: those of a column that is kept.
    var columnChecks: [String: [String]] = [:]
    /// Why the table is not adopted: without these, rows could come in that must not.
    var problems: [String] = []
    /// What is not made again.
    var lost: [Kind: [String]] = [:]
}

extension TableAdoption {
    var parts: AdoptedParts {
        let kept = Set(keptColumns.map(\.name))
        var parts = AdoptedParts()
        for index in source.indexes where !isCovered(index, kept) { sort(index, kept, into: &parts) }
        for check in source.checks { sort(check, kept, into: &parts) }
        for key in source.foreignKeys { sort(key, kept, into: &parts) }
        return parts
    }

    // MARK: Columns

    /// The old columns that stand in a text, and perhaps some that do not: names of functions are not told apart.
    private func mentioned(in tokens: some Sequence<SQLText.Token>) -> [String] {
        let words = Set(tokens.filter { $0.kind == .word || $0.kind == .quoted }.map { $0.text.lowercased() })
        return source.columns.map(\.name).filter { words.contains($0.lowercased()) }
    }

    /// What an old column is called in our table; nil where it is not there, or what was unique may not be.
    private func successor(of old: String, isUnique: Bool, _ kept: Set<String>) -> String? {
        if kept.contains(old) { return old }
        return columns.first { column in
            column.sources.contains(old) && (column.fidelity != .derived || (!isUnique && column.name == old))
        }?.name
    }

    /// An expression of it means what it meant.
    private func isUnchanged(_ old: String, _ kept: Set<String>) -> Bool {
        kept.contains(old) || columns.contains { $0.name == old && $0.sources == [old] && $0.fidelity == .same }
    }

    // MARK: Indexes

    /// Names that our migrations take: an index of theirs that has one of them gets another.
    private static let taken = Set(DatabaseSchema.declared.tables.flatMap { $0.indexes.map(\.name) + ["\($0.name)_pkey"] })

    private func sort(_ index: IndexSchema, _ kept: Set<String>, into parts: inout AdoptedParts) {
        let parenthesis = SQLText.tokens(index.definition).drop { $0.text != "(" || $0.kind != .symbol }
        if !index.definition.isEmpty, !TableAdoption.taken.contains(index.name),
            mentioned(in: parenthesis).allSatisfy({ isUnchanged($0, kept) })
        {
            parts.indexes.append("\(index.definition);")
        } else if let statement = rebuilt(index, kept) {
            parts.indexes.append(statement)
        } else if index.isUnique {
            let label = index.definition.isEmpty ? "UNIQUE (\(index.keys.joined(separator: ", ")))" : index.name
            parts.problems.append(
                "\(source.name): \(label) cannot be carried over, because columns of it do not stay what they are; "
                    + "if you can do without, \(wayOut(of: index))")
        } else {
            parts.lost[.indexes, default: []].append(index.name)
        }
    }

    private func wayOut(of index: IndexSchema) -> String {
        if index.definition.isEmpty { return "make the table without it first" }
        let name = SQLText.identifier(index.name)
        let statement = index.isConstraint ? "ALTER TABLE \(from) DROP CONSTRAINT \(name)" : "DROP INDEX \(name)"
        return "drop it first (\(statement))"
    }

    /// One of plain columns may be made again under other names.
    private func rebuilt(_ index: IndexSchema, _ kept: Set<String>) -> String? {
        guard let keys = plainKeys(index) else { return nil }
        var columns: [String] = []
        for key in keys {
            guard let column = successor(of: key.column, isUnique: index.isUnique, kept) else { return nil }
            columns.append("\(SQLText.identifier(column))\(key.isDescending ? " DESC" : "")")
        }
        var label = index.definition.isEmpty ? "\(target.name)_\(index.keys.joined(separator: "_"))_key" : index.name
        if TableAdoption.taken.contains(label) { label = "adopted_\(label)" }
        let kind = index.isUnique ? "UNIQUE INDEX" : "INDEX"
        return "CREATE \(kind) \(SQLText.identifier(label)) ON \(name) (\(columns.joined(separator: ", ")));"
    }

    /// The columns of an index that has nothing but columns: no expression, condition, collation, or other method than a B-tree.
    private func plainKeys(_ index: IndexSchema) -> [(column: String, isDescending: Bool)]? {
        if index.definition.isEmpty { return index.keys.map { ($0, false) } }
        let tokens = SQLText.tokens(index.definition)
        guard let start = tokens.firstIndex(where: { $0.text == "(" && $0.kind == .symbol }),
            let (inner, end) = SQLText.parenthesized(tokens, from: start), end == tokens.count - 1,
            dialect == .sqlite || (start > 0 && tokens[start - 1].text == "btree")
        else { return nil }
        var keys: [(column: String, isDescending: Bool)] = []
        for item in SQLText.list(inner) {
            let words = item.dropFirst().map(\.text)
            guard [.word, .quoted].contains(item[0].kind), words.isEmpty || words == ["asc"] || words == ["desc"],
                let column = mentioned(in: item.prefix(1)).first
            else { return nil }
            keys.append((column, words == ["desc"]))
        }
        return keys
    }

    /// What one of ours does already.
    private func isCovered(_ index: IndexSchema, _ kept: Set<String>) -> Bool {
        let ours = target.indexes.filter { $0.dialect == nil || $0.dialect == dialect }
        if index.isUnique {
            // A condition, and columns beside, make it less strict than ours; upper and lower case alike, stricter.
            let theirs = index.keys.compactMap { IndexKey($0) }.compactMap { key in
                successor(of: key.column, isUnique: true, kept).map { IndexKey(column: $0, isFolded: key.isFolded) }
            }
            let unique = ours.filter { $0.isUnique && $0.predicate == nil }.map { index in index.keys.compactMap { IndexKey($0) } }
            let keys = [target.primaryKey.map { IndexKey(column: $0, isFolded: false) }] + unique
            return keys.contains { key in !key.isEmpty && key.allSatisfy { part in theirs.contains { part.covers($0) } } }
        }
        guard let keys = plainKeys(index) else { return false }
        let theirs = keys.map { successor(of: $0.column, isUnique: false, kept) }
        let columns = ours.filter { $0.predicate == nil }.map { index in index.keys.compactMap { IndexKey($0)?.column } }
        return ([target.primaryKey] + columns).contains { $0.count >= theirs.count && zip(theirs, $0).allSatisfy { $0 == $1 } }
    }

    // MARK: Constraints

    private func sort(_ check: CheckSchema, _ kept: Set<String>, into parts: inout AdoptedParts) {
        let tokens = SQLText.tokens(check.expression)
        let used = mentioned(in: tokens)
        // One that is named like one of ours would be in its way.
        let isFree = !check.name.isEmpty && !target.checks.contains { $0.name == check.name }
        if used.isEmpty || !used.allSatisfy(kept.contains) || !tokens.areTrueOfNull {
            if used.count == 1, isOfClosedSet(used[0]) { return }
            parts.lost[.checks, default: []].append(check.name.isEmpty ? "(\(check.expression))" : check.name)
        } else if dialect == .postgres, isFree {
            parts.constraints.append("ALTER TABLE \(name) ADD CONSTRAINT \(SQLText.identifier(check.name)) \(check.definition);")
        } else if dialect == .sqlite, tokens.canBeWrittenAgain(columns: used),
            let last = keptColumns.last(where: { used.contains($0.name) })
        {
            let label = check.name.isEmpty ? "" : "CONSTRAINT \(SQLText.identifier(check.name)) "
            parts.columnChecks[last.name, default: []].append("\(label)CHECK (\(check.expression))")
        } else {
            parts.lost[.checks, default: []].append(check.name.isEmpty ? "(\(check.expression))" : check.name)
        }
    }

    /// What SQLAlchemy guards flags and enumerations with: our column has a check of its own, or none but two values.
    private func isOfClosedSet(_ old: String) -> Bool {
        source[column: old]?.type == .boolean
            || columns.contains { column in
                column.sources.contains(old)
                    && target.checks.contains { check in
                        let words = SQLText.tokens(check.expression).map(\.text)
                        return words.contains("in") && words.contains(column.name)
                    }
            }
    }

    private func sort(_ key: ForeignKeySchema, _ kept: Set<String>, into parts: inout AdoptedParts) {
        if key.columns.allSatisfy(kept.contains) {
            if dialect == .postgres {
                parts.constraints.append("ALTER TABLE \(name) ADD CONSTRAINT \(SQLText.identifier(key.name)) \(key.definition);")
                return
            }
            // Its column brings it along.
            if key.columns.count == 1 { return }
        } else if key.columns.count == 1, let column = successor(of: key.columns[0], isUnique: true, kept),
            target.foreignKeys.contains(where: { $0.columns == [column] })
        {
            return  // ours stands in for it
        }
        let label = "(\(key.columns.joined(separator: ", "))) -> \(key.table)"
        parts.lost[.keys, default: []].append(key.name.isEmpty ? label : key.name)
    }
}

/// A key of an index that is a column, perhaps in lower case.
private struct IndexKey: Hashable {
    var column: String
    var isFolded: Bool

    init(column: String, isFolded: Bool) {
        self.column = column
        self.isFolded = isFolded
    }

    /// Where this one is unique, so is the other.
    func covers(_ other: IndexKey) -> Bool {
        column == other.column && (isFolded || !other.isFolded)
    }

    /// Nil for any other expression.
    init?(_ key: String) {
        var words = SQLText.canonical(key).split(separator: " ").map(String.init)
        if let last = words.last, words.count > 1, ["asc", "desc"].contains(last) { words.removeLast() }
        isFolded = words.count == 2 && words[0] == "lower"
        guard words.count == 1 || isFolded else { return nil }
        column = words[words.count - 1]
    }
}

extension [SQLText.Token] {
    /// Our INSERTs leave columns that are kept NULL, and a check passes what is neither true nor false: but not one that asks for NULL.
    fileprivate var areTrueOfNull: Bool {
        let asking: Set<String> = [
            "null", "notnull", "isnull", "is", "coalesce", "ifnull", "nullif", "case", "iif", "num_nulls", "num_nonnulls", "concat",
            "concat_ws", "greatest", "least", "typeof", "format",
        ]
        return allSatisfy { $0.kind != .word || !asking.contains($0.text) }
    }

    /// What the words say when they are put together again is what they said: SQLite tells expressions as the words that were
    /// written, and not all of its operators are words of ours.
    fileprivate func canBeWrittenAgain(columns: [String]) -> Bool {
        let operators: Set<String> = ["=", "<", ">", "|", "&", "-"]
        let isJoined = zip(self, dropFirst()).contains { first, second in
            first.kind == .symbol && second.kind == .symbol && operators.contains(String(first.text.suffix(1)))
                && ["=", "<", ">", "|", "&"].contains(String(second.text.prefix(1)))
        }
        return !isJoined
            && allSatisfy { token in
                switch token.kind {
                case .quoted: columns.contains(token.text)
                case .number: token.text.utf8.allSatisfy { !(97...122).contains($0 | 0x20) }
                case .word: token.text != "x"
                case .symbol: token.text != "["
                case .literal: true
                }
            }
    }
}

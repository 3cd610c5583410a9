// How a database means to run a statement. Asked with EXPLAIN, which runs nothing; on the executor's loop.

@testable import App
import Reactor

/// A statement's plan, in the database's own words.
struct QueryPlan: CustomStringConvertible {
    let lines: [String]
    let dialect: SQLDialect
    /// Made for any values, and not for these.
    var isGeneric = false

    var description: String { lines.joined(separator: "\n") }

    /// Both plans that PostgreSQL may choose for a prepared statement, one made for these values and one for any; SQLite has one.
    static func all(
        of statement: SQLStatement, _ bindings: [SQLValue], in transaction: any SQLExecutor
    ) async throws -> [QueryPlan] {
        let text = statement.text(transaction.dialect)
        guard transaction.dialect == .postgres else {
            return [try await plan("EXPLAIN QUERY PLAN \(text)", bindings, column: 3, in: transaction)]
        }
        try await transaction.script("PREPARE explained AS \(text)")
        let values = bindings.isEmpty ? "" : "(\(bindings.map(literal).joined(separator: ", ")))"
        var plans: [QueryPlan] = []
        for mode in ["force_custom_plan", "force_generic_plan"] {
            try await transaction.script("SET LOCAL plan_cache_mode = \(mode)")
            var plan = try await plan("EXPLAIN (COSTS OFF) EXECUTE explained\(values)", [], column: 0, in: transaction)
            plan.isGeneric = mode == "force_generic_plan"
            plans.append(plan)
        }
        try await transaction.script("DEALLOCATE explained")
        return plans
    }

    private static func plan(
        _ text: String, _ bindings: [SQLValue], column: Int, in transaction: any SQLExecutor
    ) async throws -> QueryPlan {
        var lines: [String] = []
        // Reads: EXPLAIN changes nothing whatever it explains.
        for row in try await transaction.execute(.read(text), bindings) { lines.append(try row.string(column)) }
        return QueryPlan(lines: lines, dialect: transaction.dialect)
    }

    private static func literal(_ value: SQLValue) -> String {
        switch value {
        case .null: "NULL"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let text): SQLText.literal(text.swiftString)
        case .decimal(let text), .uuid(let text): SQLText.literal(text)
        case .bytes(let bytes): "'\\x\(bytes.map { hexadecimal($0) }.joined())'"
        case .timestamp(let time): SQLText.literal(time.sql + "+00")
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        String(UnicodeScalar(HexDigit.lowercase(byte >> 4))) + String(UnicodeScalar(HexDigit.lowercase(byte & 0x0F)))
    }

    // MARK: What must not be in it

    /// Steps that look at every row of a table.
    /// - Parameter tables: those that grow.
    func scans(of tables: [String]) -> [String] {
        lines.filter { line in
            tables.contains { table in
                switch dialect {
                case .postgres: line.contains("Seq Scan on \(table)")
                // By an index too: it is only narrower than the table.
                case .sqlite: line.contains("SCAN \(table) USING")
                }
            }
        }
    }

    /// Steps that look at every row of a table too, until there are enough that pass: in the order of the primary key, backwards.
    func walks(of tables: [String]) -> [String] {
        lines.filter { line in
            tables.contains { table in
                switch dialect {
                case .postgres: line.contains("Index Scan Backward using \(table)_pkey")
                case .sqlite: line.contains("SEARCH \(table) USING INTEGER PRIMARY KEY (rowid<?)") || line.hasSuffix("SCAN \(table)")
                }
            }
        }
    }

    /// Steps that have to see all rows before they give out the first one.
    var sorts: [String] {
        lines.filter { line in
            switch dialect {
            // An incremental sort reads on as rows are asked for.
            case .postgres: line.contains("Sort") && !line.contains("Incremental Sort") && !line.contains("Sort Key")
            case .sqlite: line.contains("USE TEMP B-TREE FOR ORDER BY")
            }
        }
    }

    func uses(_ index: String) -> Bool { lines.contains { $0.contains(index) } }
}

// The statement of a filtered list of jobs. Pure.

import Reactor

/// Builds the list and the count for one filter; there are eight shapes of it, each prepared once a connection.
struct JobListStatement {
    /// Behind the columns of a job stands the total.
    static let totalColumn = 14

    typealias Bound = (statement: SQLStatement, bindings: [SQLValue])

    private var conditions: [String] = []
    private var bindings: [SQLValue] = []

    init(_ filter: JobFilter) {
        if let owner = filter.ownerID { conditions.append("owner_id = \(bind(.int(owner)))") }
        if let status = filter.status { conditions.append("status = \(bind(.text(status.rawValue)))") }
        if let kind = filter.kind { conditions.append("kind = \(bind(.text(kind)))") }
    }

    /// How many rows the list has.
    var count: Bound {
        (.read("SELECT count(*) FROM jobs\(clause)"), bindings)
    }

    /// The rows of a page, each with the total.
    func list(limit: Int, skip: Int, after position: JobPosition?) -> Bound {
        var own = self
        // The total is the whole list's: the position's condition is not in it.
        let total = "(SELECT count(*) FROM jobs\(clause))"
        if let position {
            own.conditions.append("(created_at, id) < (\(own.bind(.timestamp(position.createdAt))), \(own.bind(.uuid(position.id.text))))")
        }
        let count = own.bind(.int(Int64(limit)))
        var text = "SELECT \(JobStatements.columns), \(total) FROM jobs\(own.clause) ORDER BY created_at DESC, id DESC LIMIT \(count)"
        if position == nil, skip > 0 { text += " OFFSET \(own.bind(.int(Int64(skip))))" }
        return (.read(text), own.bindings)
    }

    private var clause: String {
        conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
    }

    private mutating func bind(_ value: SQLValue) -> String {
        bindings.append(value)
        return "$\(bindings.count)"
    }
}

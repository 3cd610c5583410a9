// Names as SQL. Pure.

extension SQLText {
    /// Words that mean something where a name may stand: what either database reserves, and what it reserves in some places only.
    private static let reserved: Set<String> = [
        "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "autoincrement",
        "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce", "collate",
        "collation", "column", "commit", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date",
        "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal", "default",
        "deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except", "exists", "extract", "false",
        "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "if", "ilike",
        "in", "index", "initially", "inner", "inout", "insert", "int", "integer", "intersect", "interval", "into", "is", "isnull",
        "join", "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "national", "natural", "nchar",
        "none", "normalize", "not", "nothing", "notnull", "null", "nullif", "numeric", "offset", "on", "only", "or", "order", "out",
        "outer", "overlaps", "overlay", "placing", "position", "precision", "primary", "raise", "real", "references", "returning",
        "right", "row", "select", "session_user", "set", "setof", "similar", "smallint", "some", "substring", "symmetric",
        "system_user", "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "transaction", "treat", "trim", "true",
        "union", "unique", "update", "user", "using", "values", "varchar", "variadic", "verbose", "when", "where", "window", "with",
        "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot",
        "xmlserialize", "xmltable",
    ]

    /// A name as a person would write it: quoted only where it must be.
    static func name(_ name: String) -> String {
        let isPlain =
            name.first?.isNumber == false
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
        return isPlain && !reserved.contains(name) ? name : identifier(name)
    }

    static func names(_ names: [String]) -> String {
        names.map(name).joined(separator: ", ")
    }
}

// PostgreSQL's built-in types by their number. Constants; any thread.

/// The types that are decoded, by OID (PostgreSQL, src/include/catalog/pg_type.dat; they never change).
enum PostgresType: UInt32 {
    case bool = 16
    case bytea = 17
    case char = 18
    case name = 19
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case oid = 26
    case json = 114
    case float4 = 700
    case float8 = 701
    /// A literal whose type nothing decided.
    case unknown = 705
    case bpchar = 1042
    case varchar = 1043
    case date = 1082
    case timestamp = 1114
    case timestamptz = 1184
    case numeric = 1700
    case uuid = 2950
    case jsonb = 3802
    /// What a function returns that returns nothing, such as pg_advisory_xact_lock.
    case void = 2278
}

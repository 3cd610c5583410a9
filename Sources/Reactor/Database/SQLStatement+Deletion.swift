// Removing rows in portions. Pure; any thread.

extension SQLStatement {
    /// A statement that removes the rows whose key a query names, which has a limit.
    ///
    /// On PostgreSQL the keys are an array: under IN, a planner that does not know the limit expects a tenth of the table, and reads all of
    /// the table for each portion.
    /// - Parameter keys: orders by what it searches, so that an index on that is the way to it.
    public static func deletion(from table: String, whose key: String, isAmong keys: String) -> SQLStatement {
        .write(
            postgres: "DELETE FROM \(table) WHERE \(key) = ANY (ARRAY(\(keys)))", sqlite: "DELETE FROM \(table) WHERE \(key) IN (\(keys))")
    }
}

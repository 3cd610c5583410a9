// The SQL of `products`, in both dialects; nobody else has any. Stateless: every call is told which executor to use, the pool or
// a transaction.

import Reactor

/// Reads and writes products.
enum ProductRepository {
    // MARK: Reading

    /// Newest first.
    static func list(
        _ filter: ProductFilter, _ page: PageRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> ListSlice<Product> {
        let dialect = executor.dialect
        return try await list(filter, dialect).run(page, in: executor) { (row) throws(DatabaseError) in
            try product(row, dialect)
        }
    }

    /// How many products a list has.
    static func count(_ filter: ProductFilter, in executor: any SQLExecutor) async throws(DatabaseError) -> Int {
        try await list(filter, executor.dialect).runCount(in: executor)
    }

    static func list(_ filter: ProductFilter, _ dialect: SQLDialect) -> ListStatement {
        var list = ListStatement(columns, from: "products")
        if let name = filter.name { list.addSearch(for: name, in: ["name"]) }
        if let price = filter.minPrice { list.add(.price(price, dialect)) { "price >= \($0)" } }
        if let price = filter.maxPrice { list.add(.price(price, dialect)) { "price <= \($0)" } }
        if let inStock = filter.inStock { list.add(.bool(inStock)) { "in_stock = \($0)" } }
        return list
    }

    static func find(_ id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Product? {
        try await first(executor.execute(findProduct, [.int(id)]), executor.dialect)
    }

    // MARK: Writing

    static func insert(
        _ new: CreateProductRequest, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Product {
        let rows = try await executor.execute(
            insertProduct, [.text(new.name), .price(new.price, executor.dialect), .bool(new.inStock), .timestamp(now)])
        guard let product = try first(rows, executor.dialect) else { throw .decoding("INSERT INTO products returned no row") }
        return product
    }

    /// - Returns: the product as it is now; nil where there is none.
    static func update(
        _ id: Int64, _ changes: UpdateProductRequest, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Product? {
        let dialect = executor.dialect
        return try await first(
            executor.execute(
                updateProduct,
                [
                    .int(id), .optional(changes.name), changes.price.map { .price($0, dialect) } ?? .null,
                    changes.inStock.map { .bool($0) } ?? .null, .timestamp(now),
                ]), dialect)
    }

    /// - Returns: false where there is no such product.
    static func delete(_ id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await executor.execute(deleteProduct, [.int(id)]).affectedRows == 1
    }

    // MARK: Rows

    private static func first(_ rows: SQLRows, _ dialect: SQLDialect) throws(DatabaseError) -> Product? {
        guard let row = rows.first else { return nil }
        return try product(row, dialect)
    }

    /// Reads ``columns``.
    private static func product(_ row: SQLRow, _ dialect: SQLDialect) throws(DatabaseError) -> Product {
        Product(
            id: try row.int(0), name: try row.text(1), price: try row.price(2, dialect), inStock: try row.bool(3),
            createdAt: try row.timestamp(4), updatedAt: try row.timestamp(5))
    }
}

// MARK: - Prices

// PostgreSQL's are numeric(12,2), SQLite's are integers that count hundredths (see migration 2).

extension SQLValue {
    static func price(_ price: Price, _ dialect: SQLDialect) -> SQLValue {
        switch dialect {
        case .postgres: .decimal(price.text)
        case .sqlite: .int(price.hundredths)
        }
    }
}

extension SQLRow {
    fileprivate func price(_ column: Int, _ dialect: SQLDialect) throws(DatabaseError) -> Price {
        guard dialect == .postgres else { return Price(hundredths: try int(column)) }
        let text = try decimal(column)
        do throws(DecimalInput.Mismatch) {
            return Price(hundredths: try DecimalInput(Text(text)).units(maxDigits: Price.maxDigits, places: Price.decimalPlaces))
        } catch {
            throw .decoding("column \(column) is not a price")
        }
    }
}

// MARK: - Statements

extension ProductRepository {
    private static let columns = "id, name, price, in_stock, created_at, updated_at"

    private static let findProduct = SQLStatement.read("SELECT \(columns) FROM products WHERE id = $1")

    private static let insertProduct = SQLStatement.write(
        """
        INSERT INTO products (name, price, in_stock, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $4) RETURNING \(columns)
        """)

    // The casts tell PostgreSQL a parameter's type where its use alone does not.
    private static let updateProduct = SQLStatement.write(
        """
        UPDATE products SET
            name = COALESCE(CAST($2 AS text), name),
            price = COALESCE(CAST($3 AS numeric), price),
            in_stock = COALESCE(CAST($4 AS boolean), in_stock),
            updated_at = $5
        WHERE id = $1 RETURNING \(columns)
        """)

    private static let deleteProduct = SQLStatement.write("DELETE FROM products WHERE id = $1")
}

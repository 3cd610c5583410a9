// The rules of products, which belong to nobody: every user sees the same ones. A value of lets; its calls run on the loop that
// made it.

import Actors
import Reactor

/// Products. Who may do what is the routes' to say.
struct ProductService: Sendable {
    let database: DatabasePool
    let cache: Cache
    /// How long a list may be served from the cache.
    let listLifetime: Duration

    // MARK: Reading

    /// A page of the products, newest first, encoded: from the cache, or put there.
    func list(_ query: ListProductsQuery) async throws -> EncodedPage {
        let database = self.database
        let totals = ListTotals(cache: cache, namespace: ProductService.namespace, lifetime: listLifetime)
        let bytes = try await cache.value(
            namespace: ProductService.namespace, key: ProductService.key(of: query), ttl: listLifetime
        ) {
            let page = try await ProductRepository.list(query.filter, query.page, in: database).counted {
                try await totals.total(of: ProductService.key(of: query.filter)) {
                    try await ProductRepository.count(query.filter, in: database)
                }
            }
            return EncodedPage(page, query.page).bytes
        }
        guard let page = EncodedPage(bytes: bytes) else { throw APIError.internalError }
        return page
    }

    /// - Throws: `APIError` ``APIError/productNotFound``.
    func find(_ id: Int64) async throws -> Product {
        guard let product = try await ProductRepository.find(id, in: database) else { throw APIError.productNotFound }
        return product
    }

    // MARK: Writing

    func create(_ request: CreateProductRequest, by principal: Principal, from origin: RequestOrigin) async throws -> Product {
        let now = Timestamp.now()
        return try await writing { transaction in
            let product = try await ProductRepository.insert(request, now: now, in: transaction)
            let details: JSONObject = [
                "name": .string(product.name), "price": .number(product.price.number), "in_stock": .bool(product.inStock),
            ]
            try await AuditLog.record(
                AuditEntry("product.create", by: principal.userID, on: "product", String(product.id), details: details),
                from: origin, at: now, in: transaction)
            return product
        }
    }

    /// - Throws: `APIError` ``APIError/productNotFound``.
    func update(
        _ id: Int64, _ request: UpdateProductRequest, by principal: Principal, from origin: RequestOrigin
    ) async throws -> Product {
        guard !request.isEmpty else { return try await find(id) }
        let now = Timestamp.now()
        return try await writing { transaction in
            guard let product = try await ProductRepository.update(id, request, now: now, in: transaction) else {
                throw APIError.productNotFound
            }
            var details = JSONObject()
            details["name"] = request.name.map { .string($0) }
            details["price"] = request.price.map { .number($0.number) }
            details["in_stock"] = request.inStock.map { .bool($0) }
            try await AuditLog.record(
                AuditEntry("product.update", by: principal.userID, on: "product", String(id), details: details),
                from: origin, at: now, in: transaction)
            return product
        }
    }

    /// - Throws: `APIError` ``APIError/productNotFound``.
    func delete(_ id: Int64, by principal: Principal, from origin: RequestOrigin) async throws {
        let now = Timestamp.now()
        try await writing { transaction in
            guard try await ProductRepository.delete(id, in: transaction) else { throw APIError.productNotFound }
            try await AuditLog.record(
                AuditEntry("product.delete", by: principal.userID, on: "product", String(id)), from: origin, at: now,
                in: transaction)
        }
    }

    // MARK: Cache

    /// Runs a write with its line in the audit log, and forgets the lists.
    private func writing<Result: Sendable>(
        _ write: @Sendable (any SQLExecutor) async throws -> Result
    ) async throws -> Result {
        try await SettledWrite.run {
            try await database.withTransaction(.write, write)
        } forgetting: {
            await cache.invalidate(namespace: ProductService.namespace)
        }
    }

    private static let namespace = "products"

    /// Every parameter; the free text comes last, so that it can imitate none of the others.
    private static func key(of query: ListProductsQuery) -> Text {
        let page = query.page.cursor.map { "c\($0.id)" } ?? ""
        // `skip` counts beside a cursor too: the answer repeats it.
        return "\(page)|\(query.page.skip)|\(query.page.limit)|\(key(of: query.filter))"
    }

    private static func key(of filter: ProductFilter) -> Text {
        let prices = "\(filter.minPrice?.text ?? "")|\(filter.maxPrice?.text ?? "")"
        let stock = filter.inStock.map { $0 ? "1" : "0" } ?? ""
        return "\(prices)|\(stock)|\(filter.name ?? "")"
    }
}

extension EncodedPage {
    init(_ page: ListPage<Product>, _ request: PageRequest) {
        self.init(
            json: ProductPageResponse(products: page.elements, total: page.total, page: request).json, count: page.elements.count,
            total: page.total, lastID: page.elements.last?.id, request)
    }
}

// /products: what it serves, and how HTTP maps to ProductService.

import Reactor

/// Products, mounted at the root and under /api/v1.
enum ProductRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Products") { routes in
            routes.get(
                "/products", summary: "List products", description: "Newest first.", access: .user, limit: .products, handler: list)
            routes.post(
                "/products", summary: "Create a product", status: .created, access: .user, limit: .strict, handler: create)
            routes.get(
                "/products/{product_id:int}", summary: "Get a product", errors: [.productNotFound], access: .user, limit: .moderate,
                handler: find)
            routes.put(
                "/products/{product_id:int}", summary: "Update a product", description: "What is left out stays as it is.",
                errors: [.productNotFound], access: .admin, limit: .strict, handler: update)
            routes.patch(
                "/products/{product_id:int}", summary: "Change a product", errors: [.productNotFound], access: .admin, limit: .strict,
                handler: update)
            routes.delete(
                "/products/{product_id:int}", summary: "Delete a product", status: .noContent, errors: [.productNotFound],
                access: .admin, limit: .strict, handler: delete)
        }
    }

    @Sendable private static func list(
        _ context: RequestContext, _ query: ListProductsQuery
    ) async throws -> Reply<ProductPageResponse> {
        .page(try await context.services.products.list(query), query.page, of: context)
    }

    @Sendable private static func create(_ context: RequestContext, _ body: CreateProductRequest) async throws -> ProductResponse {
        ProductResponse(product: try await context.services.products.create(body, by: try context.user, from: context.origin))
    }

    @Sendable private static func find(_ context: RequestContext) async throws -> ProductResponse {
        ProductResponse(product: try await context.services.products.find(try id(in: context)))
    }

    @Sendable private static func update(_ context: RequestContext, _ body: UpdateProductRequest) async throws -> ProductResponse {
        ProductResponse(
            product: try await context.services.products.update(try id(in: context), body, by: try context.user, from: context.origin))
    }

    @Sendable private static func delete(_ context: RequestContext) async throws -> NoContent {
        try await context.services.products.delete(try id(in: context), by: try context.user, from: context.origin)
        return NoContent()
    }

    private static func id(in context: RequestContext) throws(APIError) -> Int64 {
        Int64(try context.path.integer("product_id"))
    }
}

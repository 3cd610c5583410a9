// Products: the model, and its requests, answers and errors. Values; any thread.

import Reactor

/// A row of `products`.
struct Product: Sendable, Hashable {
    let id: Int64
    let name: Text
    let price: Price
    let inStock: Bool
    let createdAt: Timestamp
    let updatedAt: Timestamp
}

// MARK: - Requests

private enum ProductFields {
    static let name = Field.string("name", length: 1...200, example: "Espresso cup")
    static let price = Price.field("price", description: "At most two decimal places, exactly", example: "19.90")
    static let inStock = Field.boolean("in_stock")
}

struct CreateProductRequest: RequestBody {
    let name: Text
    let price: Price
    let inStock: Bool

    private static let inStock = ProductFields.inStock.defaulting(to: true)
    static let schema = ObjectSchema("ProductCreate", ProductFields.name, ProductFields.price, inStock)

    init(_ values: ObjectValues) {
        name = values[ProductFields.name]
        price = values[ProductFields.price]
        inStock = values[Self.inStock]
    }
}

/// What of a product changes; what is left out stays. PUT and PATCH mean the same here.
struct UpdateProductRequest: RequestBody {
    let name: Text?
    let price: Price?
    let inStock: Bool?

    private static let name = ProductFields.name.omittable()
    private static let price = ProductFields.price.omittable()
    private static let inStock = ProductFields.inStock.omittable()
    static let schema = ObjectSchema("ProductUpdate", name, price, inStock)

    init(_ values: ObjectValues) {
        name = values[Self.name]
        price = values[Self.price]
        inStock = values[Self.inStock]
    }

    var isEmpty: Bool { name == nil && price == nil && inStock == nil }
}

struct ListProductsQuery: RequestQuery {
    let page: PageRequest
    let filter: ProductFilter

    private static let paging = PageRequest.Fields()
    private static let name = Field.string("name", length: ...200, description: "Part of the name, in any case").omittable()
    private static let minPrice = Price.field("min_price", description: "The least price").omittable()
    private static let maxPrice = Price.field("max_price", description: "The highest price; below `min_price` there is none").omittable()
    private static let inStock = ProductFields.inStock.omittable()
    static let schema = ObjectSchema(
        "ProductListQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor, name, minPrice, maxPrice, inStock)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        filter = ProductFilter(
            name: values[Self.name], minPrice: values[Self.minPrice], maxPrice: values[Self.maxPrice], inStock: values[Self.inStock])
    }
}

/// Which products are meant; conditions that are nil are none.
struct ProductFilter: Sendable, Hashable {
    /// A part of the name, in any case; not empty.
    let name: Text?
    let minPrice: Price?
    let maxPrice: Price?
    let inStock: Bool?

    init(name: Text? = nil, minPrice: Price? = nil, maxPrice: Price? = nil, inStock: Bool? = nil) {
        self.name = name?.isEmpty == true ? nil : name
        self.minPrice = minPrice
        self.maxPrice = maxPrice
        self.inStock = inStock
    }
}

// MARK: - Answers

struct ProductResponse: ResponseObject {
    let product: Product

    static let schema = ResponseSchema<ProductResponse>(
        "ProductResponse",
        .property("id") { $0.product.id },
        .property("name") { $0.product.name },
        .property("price", example: .number(JSONNumber(verbatim: "19.90"))) { $0.product.price },
        .property("in_stock") { $0.product.inStock },
        .property("created_at") { $0.product.createdAt },
        .property("updated_at") { $0.product.updatedAt })
}

/// A page of products, in the envelope that only they have.
struct ProductPageResponse: ResponseObject {
    let products: [Product]
    let total: Int
    let page: PageRequest

    static let schema = ResponseSchema<ProductPageResponse>(
        "ProductPage",
        .property("items") { $0.products.map(ProductResponse.init) },
        .property("total", description: "How many there are in all") { $0.total },
        .property("skip") { $0.page.skip },
        .property("limit") { $0.page.limit })
}

// MARK: - Errors

extension APIError {
    static let productNotFound = APIError(.notFound, code: "PRODUCT_NOT_FOUND", "Product not found")
}

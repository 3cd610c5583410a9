// The API's description, and the pages that show it: all served by this process.

import Reactor

/// /docs, /redoc, /openapi.json.
enum DocsRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Documentation") { routes in
            routes.get(
                "/docs", summary: "Swagger UI", produces: "text/html", otherStatuses: [.serviceUnavailable], handler: swaggerUI)
            routes.get(
                "/docs/oauth2-redirect", summary: "Swagger UI's OAuth2 redirect", produces: "text/html", errors: [.notFound],
                handler: oauth2Redirect)
            routes.get("/redoc", summary: "ReDoc", produces: "text/html", otherStatuses: [.serviceUnavailable], handler: reDoc)
            routes.get("/openapi.json", summary: "OpenAPI document", produces: "application/json", handler: document)
            routes.get(
                "/docs/{file}", summary: "Files of the documentation", produces: "*/*", errors: [.notFound],
                handler: asset)
        }
    }

    @Sendable private static func swaggerUI(_ context: RequestContext) async throws -> HTTPResponse {
        let assets = context.services.backend.docs
        let title = "\(context.services.configuration.appName) - Swagger UI"
        return assets.hasSwaggerUI
            ? page(DocsPages.swaggerUI(assets, title: title))
            : page(DocsPages.missing(assets, title: title), status: .serviceUnavailable)
    }

    @Sendable private static func reDoc(_ context: RequestContext) async throws -> HTTPResponse {
        let assets = context.services.backend.docs
        let title = "\(context.services.configuration.appName) - ReDoc"
        return assets.hasReDoc
            ? page(DocsPages.reDoc(assets, title: title))
            : page(DocsPages.missing(assets, title: title), status: .serviceUnavailable)
    }

    @Sendable private static func oauth2Redirect(_ context: RequestContext) async throws -> HTTPResponse {
        guard let asset = context.services.backend.docs["oauth2-redirect.html"] else { throw APIError.notFound }
        return page(asset.bytes)
    }

    @Sendable private static func asset(_ context: RequestContext) async throws -> HTTPResponse {
        guard let asset = context.services.backend.docs[try context.path.text("file")] else { throw APIError.notFound }
        var response = HTTPResponse.bytes(asset.bytes, contentType: asset.contentType)
        response.headers.set("ETag", asset.entityTag)
        // Pages name files with their tag in the query; without it a new version must be found.
        let isTagged = context.request.query?.hasPrefix("v=") == true
        response.headers.set("Cache-Control", isTagged ? "public, max-age=31536000, immutable" : "public, max-age=300")
        if asset.contentType.hasPrefix("text/html") {
            response.headers.set("Content-Security-Policy", DocsPages.contentSecurityPolicy)
        }
        return response
    }

    @Sendable private static func document(_ context: RequestContext) async throws -> HTTPResponse {
        let document = context.services.backend.document
        var response = HTTPResponse.bytes(document.bytes, contentType: document.contentType)
        response.headers.set("ETag", document.entityTag)
        response.headers.set("Cache-Control", "no-cache")
        return response
    }

    private static func page(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
        page(Array(text.utf8), status: status)
    }

    private static func page(_ bytes: [UInt8], status: HTTPStatus = .ok) -> HTTPResponse {
        var response = HTTPResponse.bytes(bytes, contentType: "text/html; charset=utf-8", status: status)
        response.headers.set("Content-Security-Policy", DocsPages.contentSecurityPolicy)
        response.headers.set("Cache-Control", "no-cache")
        return response
    }
}

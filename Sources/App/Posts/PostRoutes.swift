// /posts: what it serves, and how HTTP maps to PostService. Under /api/v1 it is for users; at the root it is the same, or open to
// everybody, as /users is.

import Reactor

enum PostRoutes {
    /// - Parameter isOpen: whether no token is asked for.
    static func group(isOpen: Bool) -> RouteGroup {
        let access: Access = isOpen ? .optionalUser : .user
        let forbidden: [APIError] = [isOpen ? .accountProtected : .notThePostsAuthor]
        return RouteGroup(tag: "Posts") { routes in
            routes.get(
                "/posts", summary: "List posts", description: "Newest first; of one user with `user_id`.", access: access,
                limit: .moderate, handler: list)
            routes.post(
                "/posts", summary: "Create a post", status: .created, errors: [.unknownUser] + forbidden, access: access,
                limit: .strict, handler: create)
            routes.get(
                "/posts/stats", summary: "Posts per user", description: "Of users who have any, by their id.", access: access,
                limit: .moderate, handler: statistics)
            routes.get(
                "/posts/{post_id:int}", summary: "Get a post", errors: [.postNotFound], access: access, limit: .moderate,
                handler: find)
            routes.put(
                "/posts/{post_id:int}", summary: "Update a post", description: "What is left out stays as it is.",
                errors: [.postNotFound, .unknownUser] + forbidden, access: access, limit: .strict, handler: update)
            routes.delete(
                "/posts/{post_id:int}", summary: "Delete a post", status: .noContent, errors: [.postNotFound] + forbidden,
                access: access, limit: .strict, handler: delete)
        }
    }

    @Sendable private static func list(_ context: RequestContext, _ query: ListPostsQuery) async throws -> Reply<[PostResponse]> {
        let page = try await context.services.posts.list(by: query.userID, query.page)
        let textBytes = page.elements.reduce(0) { $0 + $1.title.byteCount + $1.content.byteCount }
        let encoded = try await context.services.offload.encode(textBytes: textBytes) { EncodedPage(page, query.page) }
        return .page(encoded, query.page, of: context)
    }

    @Sendable private static func create(_ context: RequestContext, _ body: CreatePostRequest) async throws -> PostResponse {
        PostResponse(post: try await context.services.posts.create(body, access(of: context)))
    }

    @Sendable private static func statistics(
        _ context: RequestContext, _ query: PostStatisticsQuery
    ) async throws -> Reply<[PostCountResponse]> {
        let page = try await context.services.posts.counts(query.page)
        return .page(EncodedPage(page, query.page), query.page, of: context)
    }

    @Sendable private static func find(_ context: RequestContext) async throws -> PostResponse {
        PostResponse(post: try await context.services.posts.find(try id(in: context)))
    }

    @Sendable private static func update(_ context: RequestContext, _ body: UpdatePostRequest) async throws -> PostResponse {
        PostResponse(post: try await context.services.posts.update(try id(in: context), body, access(of: context)))
    }

    @Sendable private static func delete(_ context: RequestContext) async throws -> NoContent {
        try await context.services.posts.delete(try id(in: context), access(of: context))
        return NoContent()
    }

    private static func access(of context: RequestContext) -> UserAccess {
        UserAccess(principal: context.principal, isDirectoryOpen: context.route?.access == .optionalUser)
    }

    private static func id(in context: RequestContext) throws(APIError) -> Int64 {
        Int64(try context.path.integer("post_id"))
    }
}

// /users: what it serves, and how HTTP maps to UserService. Under /api/v1 it is for administrators; at the root it is the same, or a
// directory that is open to everybody.

import Reactor

enum UserRoutes {
    /// - Parameter isOpen: whether no token is asked for.
    static func group(isOpen: Bool) -> RouteGroup {
        isOpen ? UserHandlers<DirectoryUser>.directory : UserHandlers<UserResponse>.administration
    }
}

/// The handlers, for answers that show users as `Shown` does.
private enum UserHandlers<Shown: ShownUser> {
    static var administration: RouteGroup {
        RouteGroup(tag: "Users") { routes in
            routes.post(
                "/users", summary: "Create a user", status: .created, errors: [.userExists], access: .admin, limit: .strict,
                handler: create)
            declareLists(routes, access: .admin)
            declareRow(routes, access: .user, errors: [.forbidden, .userNotFound])
            routes.delete(
                "/users/{user_id:int}", summary: "Delete a user", status: .noContent, errors: [.userNotFound, .lastAdmin],
                access: .admin, limit: .strict, handler: delete)
        }
    }

    static var directory: RouteGroup {
        RouteGroup(tag: "Users") { routes in
            routes.post(
                "/users", summary: "Create a user",
                description:
                    "Without a password it is a row with which nobody can log in. It has its address all the same: nobody else can register "
                    + "with it until an administrator deletes the row or gives it a password.",
                status: .created, errors: [.userExists], access: .optionalUser, limit: .strict, handler: createEntry)
            declareLists(routes, access: .optionalUser)
            declareRow(routes, access: .optionalUser, errors: [.accountProtected, .userNotFound])
            routes.delete(
                "/users/{user_id:int}", summary: "Delete a user", status: .noContent,
                errors: [.accountProtected, .forbidden, .userNotFound, .lastAdmin], access: .optionalUser, limit: .strict,
                handler: delete)
        }
    }

    private static func declareLists(_ routes: RouteGroup, access: Access) {
        routes.get("/users", summary: "List users", description: "Newest first.", access: access, limit: .moderate, handler: list)
        routes.get(
            "/users/search", summary: "Search users",
            description:
                "By a part of a name (administrators: also of `full_name` and `username`), or by the day of their making, or both.",
            access: access, limit: .moderate, handler: search)
        routes.get("/users/stats", summary: "User statistics", access: access, limit: .moderate, handler: statistics)
    }

    private static func declareRow(_ routes: RouteGroup, access: Access, errors: [APIError]) {
        routes.get(
            "/users/{user_id:int}", summary: "Get a user", errors: [errors[0], .userNotFound], access: access, limit: .moderate,
            handler: find)
        let description = "What is left out stays as it is. Only administrators may send `role`, `is_active` and `password`."
        let writing = errors + [.userExists, .lastAdmin]
        routes.put(
            "/users/{user_id:int}", summary: "Update a user", description: description, errors: writing, access: access, limit: .strict,
            handler: update)
        routes.patch(
            "/users/{user_id:int}", summary: "Change a user", description: description, errors: writing, access: access, limit: .strict,
            handler: update)
    }
}

// MARK: - Handlers

extension UserHandlers {
    @Sendable fileprivate static func create(_ context: RequestContext, _ body: CreateUserRequest) async throws -> Shown {
        try await make(body.draft, context)
    }

    @Sendable fileprivate static func createEntry(
        _ context: RequestContext, _ body: CreateDirectoryEntryRequest
    ) async throws -> Shown {
        try await make(try body.draft(asAdmin: access(of: context).isAdmin), context)
    }

    private static func make(_ draft: UserDraft, _ context: RequestContext) async throws -> Shown {
        let access = access(of: context)
        return Shown(try await context.services.users.create(draft, access, from: context.origin), seenBy: access)
    }

    @Sendable fileprivate static func list(_ context: RequestContext, _ query: ListUsersQuery) async throws -> Reply<[Shown]> {
        let page = try await context.services.users.list(query.page, access(of: context))
        return .page(page, query.page, of: context)
    }

    @Sendable fileprivate static func search(_ context: RequestContext, _ query: SearchUsersQuery) async throws -> Reply<[Shown]> {
        let page = try await context.services.users.search(query, access(of: context))
        return .page(page, query.page, of: context)
    }

    @Sendable fileprivate static func statistics(_ context: RequestContext) async throws -> UserStatisticsResponse {
        UserStatisticsResponse(statistics: try await context.services.users.statistics())
    }

    @Sendable fileprivate static func find(_ context: RequestContext) async throws -> Shown {
        let access = access(of: context)
        return Shown(try await context.services.users.find(try id(in: context), access), seenBy: access)
    }

    @Sendable fileprivate static func update(_ context: RequestContext, _ body: UpdateUserRequest) async throws -> Shown {
        let access = access(of: context)
        let user = try await context.services.users.update(try id(in: context), body, access, from: context.origin)
        return Shown(user, seenBy: access)
    }

    @Sendable fileprivate static func delete(_ context: RequestContext) async throws -> NoContent {
        try await context.services.users.delete(try id(in: context), access(of: context), from: context.origin)
        return NoContent()
    }

    private static func access(of context: RequestContext) -> UserAccess {
        UserAccess(principal: context.principal, isDirectoryOpen: Shown.isDirectoryOpen)
    }

    private static func id(in context: RequestContext) throws(APIError) -> Int64 {
        Int64(try context.path.integer("user_id"))
    }
}

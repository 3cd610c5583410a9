// /auth: what it serves, and how HTTP maps to AuthService.

import Actors
import Reactor

/// Accounts and sessions, mounted at the root and under /api/v1.
enum AuthRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Auth", isSensitive: true) { routes in
            declareEntry(routes)
            declareRecovery(routes)
            declareProfile(routes)
            declareSessions(routes)
        }
    }

    private static func declareEntry(_ routes: RouteGroup) {
        routes.post(
            "/auth/register", summary: "Register", status: .created, errors: [.userExists], limit: .strict, handler: register)
        // Logins have a limit of their own beside the tier's, by login name and address: it is the one that answers tell of. The
        // tier's is for whoever comes with ever new names, each of which costs a hash.
        routes.post(
            "/auth/login", summary: "Log in", description: "JSON, or a form; `username` is an email address or a username.",
            errors: [.invalidCredentials, .inactiveUser], limit: .moderate, handler: logIn)
        routes.post(
            "/auth/login/access-token", summary: "Log in with OAuth2", description: "The password grant of RFC 6749.",
            errors: [.invalidCredentials, .inactiveUser], limit: .moderate, handler: logInWithForm)
        routes.post(
            "/auth/refresh", summary: "Refresh tokens",
            description: "A refresh token works once. Using one again ends its session.",
            errors: [.invalidRefreshToken, .tokenReused], limit: .moderate, handler: refresh)
        routes.post("/auth/logout", summary: "Log out", access: .user, limit: .moderate, handler: logOut)
    }

    private static func declareProfile(_ routes: RouteGroup) {
        routes.get("/auth/me", summary: "Get own profile", access: .user, limit: .moderate, handler: profile)
        routes.patch(
            "/auth/me", summary: "Change own profile", errors: [.userExists], access: .user, limit: .strict, handler: updateProfile)
        routes.delete(
            "/auth/me", summary: "Delete own account", status: .noContent, errors: [.lastAdmin], access: .user, limit: .strict,
            handler: deleteAccount)
        routes.post(
            "/auth/me/password", summary: "Change own password", description: "Ends all other sessions.",
            errors: [.wrongPassword], access: .user, limit: .strict, handler: changePassword)
    }

    private static func declareSessions(_ routes: RouteGroup) {
        routes.get(
            "/auth/sessions", summary: "List own sessions", description: "Newest first.", access: .user, limit: .moderate,
            handler: listSessions)
        routes.delete(
            "/auth/sessions", summary: "End all own sessions", status: .noContent, access: .user, limit: .strict,
            handler: endAllSessions)
        routes.delete(
            "/auth/sessions/{session_id:uuid}", summary: "End a session", status: .noContent, errors: [.sessionNotFound],
            access: .user, limit: .strict, handler: endSession)
    }
}

// MARK: - Handlers

extension AuthRoutes {
    @Sendable private static func register(_ context: RequestContext, _ body: RegisterRequest) async throws -> UserResponse {
        return UserResponse(user: try await context.services.auth.register(body, from: context.origin))
    }

    @Sendable private static func logIn(_ context: RequestContext, _ body: LoginRequest) async throws -> TokenResponse {
        try await logIn(context, body.username, body.password)
    }

    @Sendable private static func logInWithForm(_ context: RequestContext, _ body: AccessTokenForm) async throws -> TokenResponse {
        try await logIn(context, body.username, body.password)
    }

    private static func logIn(_ context: RequestContext, _ login: Text, _ password: Text) async throws -> TokenResponse {
        let origin = context.origin
        if let allowance = await context.services.auth.admitLogin(login, from: origin) {
            try context.obey(allowance)
        }
        return TokenResponse(pair: try await context.services.auth.logIn(login, password: password, from: origin))
    }

    @Sendable private static func refresh(_ context: RequestContext, _ body: RefreshRequest) async throws -> TokenResponse {
        return TokenResponse(pair: try await context.services.auth.refresh(body.refreshToken, from: context.origin))
    }

    @Sendable private static func logOut(_ context: RequestContext) async throws -> Message {
        try await context.services.auth.logOut(try context.user, from: context.origin)
        return Message("Successfully logged out")
    }

    @Sendable private static func profile(_ context: RequestContext) async throws -> UserResponse {
        return UserResponse(user: try await context.services.auth.profile(of: try context.user))
    }

    @Sendable private static func updateProfile(
        _ context: RequestContext, _ body: UpdateProfileRequest
    ) async throws -> UserResponse {
        return UserResponse(user: try await context.services.auth.update(body.changes, of: try context.user, from: context.origin))
    }

    @Sendable private static func deleteAccount(_ context: RequestContext) async throws -> NoContent {
        try await context.services.auth.deleteAccount(of: try context.user, from: context.origin)
        return NoContent()
    }

    @Sendable private static func changePassword(
        _ context: RequestContext, _ body: ChangePasswordRequest
    ) async throws -> Message {
        try await context.services.auth.changePassword(
            from: body.currentPassword, to: body.newPassword, of: try context.user, from: context.origin)
        return Message("Password updated successfully")
    }

    @Sendable private static func listSessions(
        _ context: RequestContext, _ query: ListSessionsQuery
    ) async throws -> Reply<[SessionResponse]> {
        let user = try context.user
        let list = try await context.services.auth.activeSessions(of: user, query.page)
        let answers = list.elements.map { SessionResponse(session: $0, isCurrent: $0.id == user.sessionID) }
        return .page(answers, total: list.total, query.page, of: context)
    }

    @Sendable private static func endSession(_ context: RequestContext) async throws -> NoContent {
        let id = SessionID(rawValue: try context.path.uuid("session_id"))
        try await context.services.auth.endSession(id, of: try context.user, from: context.origin)
        return NoContent()
    }

    @Sendable private static func endAllSessions(_ context: RequestContext) async throws -> NoContent {
        try await context.services.auth.endAllSessions(of: try context.user, from: context.origin)
        return NoContent()
    }
}

extension RequestContext {
    /// Tells the client how it stands.
    /// - Throws: 429 where it may not go on.
    func obey(_ allowance: AuthService.Allowance) throws(APIError) {
        answerHeaders += RateLimitHeaders(allowance.rule).fields(allowance.decision, now: .now())
        guard allowance.decision.isAllowed else { throw .tooManyRequests(retryAfter: .seconds(allowance.decision.retryAfter)) }
    }
}

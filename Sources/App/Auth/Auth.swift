// Auth's requests, answers and errors. Values; any thread.

import Actors
import Reactor

// MARK: - Requests

/// Opens an account. `role`, `is_active` and the like are refused like any other unknown member.
struct RegisterRequest: RequestBody {
    let email: Text
    let password: Text
    let username: Text?
    let fullName: Text?

    private static let password = UserFields.password("password")
    private static let username = UserFields.username.optional()
    private static let fullName = UserFields.fullName.optional()
    static let schema = ObjectSchema("UserRegister", UserFields.email, password, username, fullName)

    init(_ values: ObjectValues) {
        email = values[UserFields.email]
        password = values[Self.password]
        username = values[Self.username]
        fullName = values[Self.fullName]
    }
}

/// A login name and a password. The bounds of a good password are not asked for: a wrong one is a 401, whatever it looks like.
enum CredentialFields {
    static let username = Field.string("username", length: 1...320, description: "An email address or a username", example: "ada")
    static let password = Field.string("password", length: 1...1_024).secret()
    // OAuth2's password grant (RFC 6749 section 4.3.2) sends these along; a public client has nothing to prove with them.
    static let grantType = Field.literal("grant_type", "password").optional()
    static let scope = Field.string("scope", length: ...1_024).optional()
    static let clientID = Field.string("client_id", length: ...1_024).optional()
    static let clientSecret = Field.string("client_secret", length: ...1_024).secret().optional()
}

/// Login in JSON or as a form.
struct LoginRequest: RequestBody {
    let username: Text
    let password: Text

    static let encodings: [BodyEncoding] = [.json, .form]
    static let schema = ObjectSchema(
        "Login", CredentialFields.username, CredentialFields.password, CredentialFields.grantType, CredentialFields.scope,
        CredentialFields.clientID, CredentialFields.clientSecret)

    init(_ values: ObjectValues) {
        username = values[CredentialFields.username]
        password = values[CredentialFields.password]
    }
}

/// Login as OAuth2 clients do it, Swagger UI among them.
struct AccessTokenForm: RequestBody {
    let username: Text
    let password: Text

    static let encodings: [BodyEncoding] = [.form]
    static let schema = ObjectSchema(
        "OAuth2PasswordForm", unknownMembers: .ignored, CredentialFields.username, CredentialFields.password,
        CredentialFields.grantType, CredentialFields.scope, CredentialFields.clientID, CredentialFields.clientSecret)

    init(_ values: ObjectValues) {
        username = values[CredentialFields.username]
        password = values[CredentialFields.password]
    }
}

struct RefreshRequest: RequestBody {
    let refreshToken: Text

    private static let refreshToken = Field.string("refresh_token", length: 1...512).secret()
    static let schema = ObjectSchema("TokenRefresh", refreshToken)

    init(_ values: ObjectValues) {
        refreshToken = values[Self.refreshToken]
    }
}

/// Changes of one's own account. A new address counts as unverified.
struct UpdateProfileRequest: RequestBody {
    let changes: UserRepository.Changes

    private static let email = UserFields.email.omittable()
    private static let username = UserFields.username.patch()
    private static let name = UserFields.name.patch()
    private static let fullName = UserFields.fullName.patch()
    static let schema = ObjectSchema("ProfileUpdate", email, username, name, fullName)

    init(_ values: ObjectValues) {
        changes = UserRepository.Changes(
            email: values[Self.email], username: values[Self.username], name: values[Self.name], fullName: values[Self.fullName])
    }
}

struct ChangePasswordRequest: RequestBody {
    let currentPassword: Text
    let newPassword: Text

    private static let currentPassword = Field.string("current_password", length: 1...1_024).secret()
    private static let newPassword = UserFields.password("new_password")
    static let schema = ObjectSchema("PasswordChange", currentPassword, newPassword)

    init(_ values: ObjectValues) {
        currentPassword = values[Self.currentPassword]
        newPassword = values[Self.newPassword]
    }
}

/// Sessions are few: pages are as long as pages can be, and there is no cursor.
struct ListSessionsQuery: RequestQuery {
    let page: PageRequest

    private static let paging = PageRequest.Fields(defaultLimit: 100)
    static let schema = ObjectSchema("SessionListQuery", unknownMembers: .ignored, paging.skip, paging.limit)

    init(_ values: ObjectValues) {
        page = PageRequest(skip: values[Self.paging.skip], limit: values[Self.paging.limit])
    }
}

// MARK: - Answers

/// An access token and the refresh token that gets the next one.
struct TokenPair: Sendable, Hashable {
    let accessToken: String
    let refreshToken: RefreshToken
    let lifetime: Duration
}

struct TokenResponse: ResponseObject {
    let pair: TokenPair

    static let schema = ResponseSchema<TokenResponse>(
        "Token",
        .property("access_token") { $0.pair.accessToken },
        .property("refresh_token") { $0.pair.refreshToken.text },
        .property("token_type", example: "bearer") { _ in "bearer" },
        .property("expires_in", description: "Seconds") { Int($0.pair.lifetime.components.seconds) })
}

struct SessionResponse: ResponseObject {
    let session: LoginSession
    let isCurrent: Bool

    static let schema = ResponseSchema<SessionResponse>(
        "SessionResponse",
        .property("id", format: "uuid") { $0.session.id.rawValue },
        .property("created_at") { $0.session.createdAt },
        .property("last_seen_at") { $0.session.lastSeenAt },
        .property("ip") { $0.session.clientAddress },
        .property("user_agent") { $0.session.userAgent },
        .property("current") { $0.isCurrent })
}

// MARK: - Errors

extension APIError {
    static let invalidCredentials = unauthorized(code: "INVALID_CREDENTIALS", "Incorrect username or password")
    static let inactiveUser = APIError(.badRequest, code: "INACTIVE_USER", "Inactive user")
    static let invalidRefreshToken = unauthorized(code: "INVALID_REFRESH_TOKEN", "The refresh token is invalid or has expired")
    static let tokenReused = unauthorized(code: "TOKEN_REUSED", "The refresh token has been used before; log in again")
    static let wrongPassword = APIError(.badRequest, code: "INCORRECT_PASSWORD", "The current password is incorrect")
    static let sessionNotFound = APIError(.notFound, code: "SESSION_NOT_FOUND", "Session not found")
}

// Users: the model, and what is told about one. Values; any thread.

import Reactor

/// What a user may do.
enum UserRole: String, CaseIterable, Sendable, JSONRepresentable {
    case user, admin
}

/// A row of `users`, without the password's hash: that one travels alone, and only to where it is compared.
struct User: Sendable, Hashable {
    let id: Int64
    let email: Text
    let username: Text?
    let name: Text?
    let fullName: Text?
    let role: UserRole
    let isActive: Bool
    let emailVerifiedAt: Timestamp?
    let createdAt: Timestamp
    let updatedAt: Timestamp

    /// What a token calls the user: accounts without a username go by their address.
    var displayName: Text { username ?? email }
}

/// A user as everybody may see them who may see them at all.
struct UserResponse: ResponseObject {
    let user: User

    static let schema = ResponseSchema<UserResponse>(
        "UserResponse",
        .property("id") { $0.user.id },
        .property("email", format: "email", example: "ada@example.com") { $0.user.email },
        .property("username") { $0.user.username },
        .property("name") { $0.user.name },
        .property("full_name") { $0.user.fullName },
        .property("role") { $0.user.role },
        .property("is_active") { $0.user.isActive },
        .property("email_verified_at") { $0.user.emailVerifiedAt },
        .property("created_at") { $0.user.createdAt },
        .property("updated_at") { $0.user.updatedAt })
}

extension APIError {
    static let userExists = APIError(.conflict, code: "USER_EXISTS", "A user with this email or username already exists")
    static let userNotFound = APIError(.notFound, code: "USER_NOT_FOUND", "User not found")
    static let lastAdmin = APIError(
        .conflict, code: "LAST_ADMIN", "The last active administrator cannot be removed, deactivated or demoted")
}

/// Fields that several requests about users share.
enum UserFields {
    static let email = Field.email("email", example: "ada@example.com")
    static let username = Field.string(
        "username", length: 3...50, pattern: CharacterPattern(["A"..."Z", "a"..."z", "0"..."9"], and: "._-"), example: "ada")
    static let name = Field.string("name", length: 1...200)
    static let fullName = Field.string("full_name", length: ...200, example: "Ada Lovelace")

    /// Any characters; the upper bound keeps a hash's input small.
    static func password(_ name: String) -> Field<Text> {
        Field.string(name, length: 8...128, example: "correct horse battery").secret()
    }
}

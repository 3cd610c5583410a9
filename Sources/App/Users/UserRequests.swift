// What comes in about users: who is to be made, what is to change, which ones are looked for. Values; any thread.

import Reactor

/// A user about to be made, before the password is hashed.
struct UserDraft: Sendable {
    let email: Text
    var name: Text?
    var username: Text?
    var fullName: Text?
    /// Nil makes a row without credentials, with which nobody can log in.
    var password: Text?
    var role = UserRole.user
}

/// An account, as administrators make it.
struct CreateUserRequest: RequestBody {
    let draft: UserDraft

    private static let password = UserFields.password("password")
    private static let role = Field<UserRole>.enumeration("role")
    private static let username = UserFields.username.optional()
    private static let name = UserFields.name.optional()
    private static let fullName = UserFields.fullName.optional()
    static let schema = ObjectSchema("UserCreate", UserFields.email, password, role, username, name, fullName)

    init(_ values: ObjectValues) {
        draft = UserDraft(
            email: values[UserFields.email], name: values[Self.name], username: values[Self.username],
            fullName: values[Self.fullName], password: values[Self.password], role: values[Self.role])
    }
}

/// An entry of the open directory. Administrators make accounts this way too; what only they may say is an unknown member to
/// everybody else.
struct CreateDirectoryEntryRequest: RequestBody {
    private let entry: UserDraft
    private let isRoleGiven: Bool

    private static let name = UserFields.name.omittable()
    private static let password = UserFields.password("password").omittable()
    private static let role = Field<UserRole>.enumeration("role", description: "Administrators only, like what follows").omittable()
    private static let username = UserFields.username.omittable()
    private static let fullName = UserFields.fullName.omittable()
    static let schema = ObjectSchema(
        "DirectoryEntryCreate",
        description: "`name` and `email`. Administrators may give the members of an account too; a `password` then makes `name` optional.",
        ConditionalField(name, unless: "password"), UserFields.email, role, password, username, fullName)

    init(_ values: ObjectValues) {
        let role = values[Self.role]
        isRoleGiven = role != nil
        entry = UserDraft(
            email: values[UserFields.email], name: values[Self.name], username: values[Self.username],
            fullName: values[Self.fullName], password: values[Self.password], role: role ?? .user)
    }

    /// The user that is meant.
    /// - Throws: `APIError` 422 where a name is needed, or where something was said that is not this caller's to say.
    func draft(asAdmin: Bool) throws(APIError) -> UserDraft {
        var validation = Validation(at: ["body"])
        if entry.name == nil, !asAdmin || entry.password == nil {
            validation.at("name") { $0.report(.missing, input: ["email": .string(entry.email)]) }
        }
        if !asAdmin {
            if isRoleGiven { validation.forbid("role", .string(entry.role.rawValue)) }
            if entry.password != nil { validation.forbid("password", ObjectSchema.mask) }
            if let username = entry.username { validation.forbid("username", .string(username)) }
            if let fullName = entry.fullName { validation.forbid("full_name", .string(fullName)) }
        }
        try validation.finish()
        return entry
    }
}

/// What of a user changes; what is left out stays. PUT and PATCH mean the same here.
struct UpdateUserRequest: RequestBody {
    /// All but the password.
    let changes: UserRepository.Changes
    let password: Text?

    private static let email = UserFields.email.omittable()
    private static let username = UserFields.username.patch()
    private static let name = UserFields.name.patch()
    private static let fullName = UserFields.fullName.patch()
    private static let role = Field<UserRole>.enumeration("role", description: "Administrators only, like what follows").omittable()
    private static let isActive = Field.boolean("is_active").omittable()
    private static let password = UserFields.password("password").omittable()
    static let schema = ObjectSchema("UserUpdate", email, username, name, fullName, role, isActive, password)

    init(_ values: ObjectValues) {
        changes = UserRepository.Changes(
            email: values[Self.email], username: values[Self.username], name: values[Self.name],
            fullName: values[Self.fullName], role: values[Self.role], isActive: values[Self.isActive])
        password = values[Self.password]
    }

    /// - Parameter changes: without a password.
    init(changes: UserRepository.Changes) {
        self.changes = changes
        password = nil
    }

    var isEmpty: Bool { changes.isEmpty && password == nil }

    /// The members that were sent, with what a fault may show of them.
    var members: [(member: UserMember, shown: JSONValue)] {
        var members: [(UserMember, JSONValue)] = []
        if let email = changes.email { members.append((.email, .string(email))) }
        for (member, patch) in [(UserMember.username, changes.username), (.name, changes.name), (.fullName, changes.fullName)] {
            if !patch.isAbsent { members.append((member, patch.applied(to: nil).map { JSONValue.string($0) } ?? .null)) }
        }
        if let role = changes.role { members.append((.role, .string(role.rawValue))) }
        if let isActive = changes.isActive { members.append((.isActive, .bool(isActive))) }
        if password != nil { members.append((.password, ObjectSchema.mask)) }
        return members
    }

    /// - Throws: `APIError` 422 that lists every member which is not among `allowed`: to this caller they do not exist.
    func checkMembers(_ allowed: Set<UserMember>) throws(APIError) {
        var validation = Validation(at: ["body"])
        for (member, shown) in members where !allowed.contains(member) { validation.forbid(member.rawValue, shown) }
        try validation.finish()
    }
}

/// What of a user can be changed from outside.
enum UserMember: String, Sendable, CaseIterable {
    case email, username, name
    case fullName = "full_name"
    case role
    case isActive = "is_active"
    case password
}

extension Validation {
    fileprivate mutating func forbid(_ member: String, _ input: JSONValue) {
        at(.name(member)) { $0.report(.extraForbidden, input: input) }
    }
}

// MARK: - Queries

struct ListUsersQuery: RequestQuery {
    let page: PageRequest

    private static let paging = PageRequest.Fields()
    static let schema = ObjectSchema("UserListQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
    }
}

struct SearchUsersQuery: RequestQuery {
    let page: PageRequest
    let name: Text?
    let createdAfter: Timestamp?

    private static let paging = PageRequest.Fields()
    private static let name = Field.string("name", length: ...200, description: "Part of a name, in any case").omittable()
    private static let createdAfter = Field.date(
        "created_after", description: "A day in UTC; who was made on it is among them", example: "2026-01-31"
    ).omittable()
    static let schema = ObjectSchema(
        "UserSearchQuery", unknownMembers: .ignored, name, createdAfter, paging.skip, paging.limit, paging.cursor)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        name = values[Self.name]
        createdAfter = values[Self.createdAfter]
    }
}

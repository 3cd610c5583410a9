// What is told about users, and to whom. Values; any thread.

import Reactor

/// What of a user everybody may see where the directory is open: nothing that helps to log in, and nothing of their rights.
struct DirectoryEntry: ResponseObject {
    let user: User

    static let schema = ResponseSchema<DirectoryEntry>(
        "DirectoryEntry",
        .property("id") { $0.user.id },
        .property("name") { $0.user.name },
        .property("email", format: "email", example: "ada@example.com") { $0.user.email },
        .property("created_at") { $0.user.createdAt })
}

/// A user in an answer, as much of them as the caller may see.
protocol ShownUser: JSONRepresentable {
    /// Whether it is the open directory that answers.
    static var isDirectoryOpen: Bool { get }

    init(_ user: User, seenBy access: UserAccess)
}

/// Whoever sees a user at all sees the account.
extension UserResponse: ShownUser {
    static let isDirectoryOpen = false

    init(_ user: User, seenBy _: UserAccess) {
        self.init(user: user)
    }
}

/// In the open directory administrators see accounts, and so does everybody their own.
enum DirectoryUser: ShownUser {
    case account(UserResponse)
    case entry(DirectoryEntry)

    static let isDirectoryOpen = true

    init(_ user: User, seenBy access: UserAccess) {
        self = access.seesAccount(of: user.id) ? .account(UserResponse(user: user)) : .entry(DirectoryEntry(user: user))
    }

    static var schemaNode: SchemaNode {
        let alternatives = [UserResponse.schemaNode, DirectoryEntry.schemaNode]
        return SchemaNode(
            ["anyOf": .array(alternatives.map { .object($0.json) })], components: alternatives.flatMap(\.components))
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .account(let account): account.write(to: &writer)
        case .entry(let entry): entry.write(to: &writer)
        }
    }
}

/// Counts of all users.
struct UserStatistics: Sendable, Hashable {
    let total: Int
    let newInLastSevenDays: Int
}

struct UserStatisticsResponse: ResponseObject {
    let statistics: UserStatistics

    static let schema = ResponseSchema<UserStatisticsResponse>(
        "UserStatistics",
        .property("total_users") { $0.statistics.total },
        .property("new_users_last_7_days") { $0.statistics.newInLastSevenDays })
}

// Who may see and change which users. Pure: it decides by who asks, and by the row where that matters.
//
//                        closed                        open directory
//     administrator      everything                    everything
//     oneself            own row, without role and     the same
//                        is_active; no deletion
//     other users        nothing: 403                  as anybody
//     anybody            nothing: 401                  reads entries; makes, changes and deletes rows without credentials

import Actors
import Reactor

/// A caller, before the directory as it is configured.
struct UserAccess: Sendable {
    /// Nil for somebody without a token.
    let principal: Principal?
    let isDirectoryOpen: Bool

    /// How far the caller's right to a row goes.
    enum Right: Sendable, Hashable {
        case administrator
        case owner
        /// Of rows without credentials only.
        case visitor
    }

    var isAdmin: Bool { principal?.isAdmin ?? false }

    /// Whether the caller sees more of a user than the directory's entry.
    func seesAccount(of id: Int64) -> Bool { isAdmin || principal?.userID == id }

    /// Whether a row is nobody's: visitors may change it, and write in its name.
    static func isEntry(_ row: UserRepository.Credentials) -> Bool { row.hashedPassword == nil && row.user.role == .user }

    /// - Throws: `APIError` ``APIError/forbidden``, whether or not there is such a user.
    func right(to id: Int64) throws(APIError) -> Right {
        if isAdmin { return .administrator }
        if principal?.userID == id { return .owner }
        guard isDirectoryOpen else { throw .forbidden }
        return .visitor
    }
}

extension UserAccess.Right {
    /// What may be changed with it. Passwords have a door of their own, which asks for the old one: /auth/me/password.
    var members: Set<UserMember> {
        switch self {
        case .administrator: Set(UserMember.allCases)
        case .owner: [.email, .username, .name, .fullName]
        case .visitor: [.email, .name]
        }
    }

    /// - Throws: `APIError` ``APIError/accountProtected`` for a visitor before somebody's account.
    func check(_ target: UserRepository.Credentials) throws(APIError) {
        guard self == .visitor, !UserAccess.isEntry(target) else { return }
        throw .accountProtected
    }
}

extension APIError {
    static let accountProtected = APIError(
        .forbidden, code: "ACCOUNT_PROTECTED", "This user has an account: only they and administrators may change it")
}

// What a failed transaction says about the files that were stored for it. Pure.

import Reactor

/// How a transaction ended.
enum CommitOutcome {
    /// Whether a transaction that failed with `error` has certainly left nothing behind. Where nobody knows, its files stay for the
    /// sweep: a row without its file would be worse than a file without its row.
    static func isRolledBack(_ error: any Error) -> Bool {
        let failure: DatabaseError
        switch error {
        case let error as DatabaseError: failure = error
        case MigrationError.database(let error): failure = error
        default: return true
        }
        return switch failure {
        case .connectionLost(commitUnknown: true), .timeout, .closed: false
        default: true
        }
    }
}

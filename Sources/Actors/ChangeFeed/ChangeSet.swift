// What the processes that share a database tell each other: which cached lists and sessions count no more. Pure.

import Reactor

/// Invalidations, gathered.
public struct ChangeSet: Sendable, Hashable {
    /// Of the cache.
    public private(set) var namespaces: Set<String> = []
    /// Sessions that were ended.
    public private(set) var sessions: Set<SessionID> = []
    /// Users whose sessions were all ended, or whose role, name or activity has changed.
    public private(set) var users: Set<Int64> = []
    /// More than is worth naming: everything that is cached counts no more.
    public private(set) var isEverything = false

    /// Past this many a message says "everything": reading that costs less than reading them.
    static let maxEntries = 4_096
    /// PostgreSQL takes less than 8,000 bytes in one notification (`NOTIFY`, in its documentation).
    static let maxPayloadBytes = 7_900

    /// - Parameters:
    ///   - namespaces: of the cache.
    ///   - sessions: that were ended.
    ///   - users: whose sessions were all ended, or whose role, name or activity has changed.
    public init(namespaces: [String] = [], sessions: [SessionID] = [], users: [Int64] = []) {
        self.namespaces = Set(namespaces)
        self.sessions = Set(sessions)
        self.users = Set(users)
    }

    var isEmpty: Bool { !isEverything && count == 0 }
    private var count: Int { namespaces.count + sessions.count + users.count }

    mutating func formUnion(_ other: ChangeSet) {
        namespaces.formUnion(other.namespaces)
        sessions.formUnion(other.sessions)
        users.formUnion(other.users)
        isEverything = isEverything || other.isEverything
        guard isEverything || count > ChangeSet.maxEntries else { return }
        self = ChangeSet()
        isEverything = true
    }

    // MARK: Messages

    /// The messages that carry it: lines, of which the first names the sender, and each other one begins with what it is about.
    /// - Parameter sender: without line ends; what a process knows its own messages by.
    func payloads(from sender: String) -> [String] {
        guard !isEverything else { return ["\(sender)\n*"] }
        let lines = namespaces.sorted().map { "c\($0)" } + sessions.map { "s\($0.rawValue)" }.sorted() + users.sorted().map { "u\($0)" }
        var payloads: [String] = []
        var current = sender
        for line in lines {
            if current.utf8.count + 1 + line.utf8.count > ChangeSet.maxPayloadBytes {
                payloads.append(current)
                current = sender
            }
            current += "\n" + line
        }
        return payloads + [current]
    }

    /// Reads a message.
    /// - Returns: nil for one of `ownSender`'s. What cannot be read is "everything": a newer program may have more to say.
    init?(payload: String, except ownSender: String) {
        let lines = Text(payload).split(on: UInt8(ascii: "\n"))
        guard let sender = lines.first, sender != ownSender else { return nil }
        for line in lines.dropFirst() {
            let rest = String(ascii: Array(line.utf8.dropFirst()))
            switch line.utf8.first {
            case UInt8(ascii: "c"): namespaces.insert(rest)
            case UInt8(ascii: "s"): sessions.insert(SessionID(rawValue: rest))
            case UInt8(ascii: "u"): if let user = Int64(rest) { users.insert(user) } else { isEverything = true }
            default: isEverything = true
            }
        }
    }
}

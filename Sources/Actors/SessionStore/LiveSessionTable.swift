// What the database said about sessions a moment ago. Pure; the owner passes the time.
//
// Order, not time, decides what a revocation covers: each one takes the next number, and what was loaded under a smaller
// number is gone. So a load that began before a revocation and ends after it cannot bring the session back.

import Reactor

/// A bounded memory of live sessions, each served for at most the freshness, counted from when its load began.
struct LiveSessionTable: Sendable {
    private struct Entry: Sendable {
        let session: LiveSession
        let loadedUnder: UInt64
    }

    private var entries: LRU<SessionID, Entry>
    /// The latest revocation of a user. Kept as long as an entry from before it could live, which is the freshness.
    private var revokedUsers: LRU<Int64, UInt64>
    /// Entries below it are gone.
    private var floor: UInt64 = 0
    /// Of what is inserted from now on.
    var freshness: Duration

    /// The number of the latest revocation: a load that begins now begins under it.
    private(set) var epoch: UInt64 = 0

    init(maxSessions: Int, freshness: Duration) {
        entries = LRU(maxEntries: maxSessions)
        revokedUsers = LRU(maxEntries: 4_096)
        self.freshness = freshness
    }

    var count: Int { entries.count }

    mutating func session(_ id: SessionID, now: MonotonicInstant) -> LiveSession? {
        guard let entry = entries.value(for: id, now: now) else { return nil }
        guard isCurrent(entry, now: now) else {
            entries.removeValue(for: id)
            return nil
        }
        return entry.session
    }

    /// - Parameters:
    ///   - epoch: the table's when the load began.
    ///   - loadBegan: the freshness counts from here: what the database said may be as old as this.
    mutating func insert(
        _ session: LiveSession, _ id: SessionID, epoch: UInt64, loadBegan: MonotonicInstant, now: MonotonicInstant
    ) {
        // One session's revocation since then could be this one's: it is loaded again rather than looked up.
        guard epoch == self.epoch else { return }
        entries.insert(Entry(session: session, loadedUnder: epoch), for: id, expiresAt: loadBegan + freshness, now: now)
    }

    mutating func revokeEverything() {
        epoch += 1
        floor = epoch
        revokedUsers.removeAll()
        entries.removeAll()
    }

    mutating func revoke(session id: SessionID) {
        epoch += 1
        entries.removeValue(for: id)
    }

    mutating func revokeAll(user: Int64, now: MonotonicInstant) {
        epoch += 1
        if revokedUsers.count >= revokedUsers.maxEntries {
            // Room for one more would cost another user's mark: forget every session instead.
            floor = epoch
            revokedUsers.removeAll()
            entries.removeAll()
        }
        revokedUsers.insert(epoch, for: user, expiresAt: now + freshness, now: now)
    }

    private mutating func isCurrent(_ entry: Entry, now: MonotonicInstant) -> Bool {
        guard entry.loadedUnder >= floor else { return false }
        guard revokedUsers.count > 0, let revoked = revokedUsers.value(for: entry.session.userID, now: now) else { return true }
        return entry.loadedUnder >= revoked
    }
}

// Turns a token into a principal, mostly from memory. An actor pinned to its loop.
//
// It is a cache and decides nothing: signatures are checked by the caller's verifier, and whether a session or a user is
// active is the database's word, at most a second old. A revocation is the commit in the database; telling the store makes it
// immediate in this process instead of a second late.

public import Reactor

/// Settings of a ``SessionStore``; bounds are for each loop.
public struct SessionStoreConfiguration: Sendable {
    /// For how long what the database said about a session is believed, where nothing revokes it in this process.
    public var freshness: Duration = .seconds(1)
    /// The same while other processes that may end the session are not heard.
    public var uninformedFreshness: Duration = .milliseconds(50)
    /// After how long a remembered token's signature is checked again.
    public var recheckInterval: Duration = .seconds(60)
    public var maxTokens = 16_384
    public var maxTokenBytes = 16 * 1_024 * 1_024
    public var maxSessions = 16_384

    public init() {}
}

/// Remembers verified tokens and live sessions. One a loop; see ``SessionStoreGroup``.
public actor SessionStore {
    private struct FlightKey: Sendable, Hashable {
        let session: SessionID
        let epoch: UInt64
    }

    private struct Loaded: Sendable {
        let session: LiveSession?
        let began: MonotonicInstant
    }

    public nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var tokens: VerifiedTokenTable
    private var sessions: LiveSessionTable
    private let configuration: SessionStoreConfiguration
    private let flights: SingleFlight<FlightKey, Loaded>
    private var counters = SessionStoreStatistics()

    /// - Parameter isInformed: false where other processes share the database, until their changes arrive.
    public init(loop: EventLoop, configuration: SessionStoreConfiguration = SessionStoreConfiguration(), isInformed: Bool = true) {
        self.loop = loop
        self.configuration = configuration
        tokens = VerifiedTokenTable(
            maxTokens: configuration.maxTokens, maxBytes: configuration.maxTokenBytes,
            recheckInterval: configuration.recheckInterval)
        sessions = LiveSessionTable(
            maxSessions: configuration.maxSessions, freshness: isInformed ? configuration.freshness : configuration.uninformedFreshness)
        flights = SingleFlight(loop: loop)
    }

    /// Who the bearer of `token` is.
    ///
    /// Where both are remembered it costs two look-ups: no signature, no database. Role, name and activity are the
    /// database's, never the token's. Concurrent requests of one session share one `load`.
    ///
    /// Cancelling the task ends the wait for `load` at once.
    /// - Parameters:
    ///   - verify: checks form, signature, times, issuer and audience. Its error is thrown on; a refused token is not
    ///     remembered, so that nobody can fill the table with rubbish.
    ///   - load: reads session and user; nil where there is no such session.
    /// - Throws: ``SessionError``, and what `verify` and `load` throw.
    public func principal(
        forToken token: String,
        verify: @Sendable (String) async throws -> AccessClaims,
        load: @escaping @Sendable (SessionID) async throws -> LiveSession?
    ) async throws -> Principal {
        // What is remembered is looked up here, and nothing is awaited for it.
        let claims = if let known = knownClaims(of: token) { known } else { try await claims(of: token, verify: verify) }
        let id = claims.sessionID
        let found = if let known = knownSession(id) { known } else { try await liveSession(id, load: load) }
        guard let session = found, session.isSessionActive,
            session.userID == claims.userID
        else { throw SessionError.sessionEnded }
        guard session.isUserActive else { throw SessionError.userInactive }
        return Principal(userID: session.userID, username: session.username, role: session.role, sessionID: id)
    }

    /// Forgets a session on this loop, now; ``SessionStoreGroup/revoke(session:)`` does it on all.
    public func revoke(session: SessionID) {
        sessions.revoke(session: session)
    }

    /// Forgets all sessions of a user on this loop, now: after a role, a password or `is_active` has changed.
    public func revokeAll(user: Int64) {
        sessions.revokeAll(user: user, now: loop.now)
    }

    /// Heeds what other processes say.
    func apply(_ event: ChangeFeed.Event) {
        switch event {
        case .began: sessions.freshness = configuration.freshness
        case .ended: sessions.freshness = configuration.uninformedFreshness
        case .changed(let changes) where !changes.isEverything:
            for session in changes.sessions { sessions.revoke(session: session) }
            for user in changes.users { sessions.revokeAll(user: user, now: loop.now) }
            return
        case .changed: break
        }
        // What was said before was missed, or is too much to say.
        sessions.revokeEverything()
    }

    /// Forgets which tokens were verified: after the keys have changed.
    public func forgetTokens() {
        tokens.removeAll()
    }

    public var statistics: SessionStoreStatistics {
        var snapshot = counters
        snapshot.tokens = tokens.count
        snapshot.sessions = sessions.count
        return snapshot
    }

    /// Cancels loads under way and returns when they have ended.
    public func shutdown() async {
        await flights.shutdown()
    }

    private func knownClaims(of token: String) -> AccessClaims? {
        guard let claims = tokens.claims(of: token, now: loop.now, wallClock: .now()) else { return nil }
        counters.tokenHits += 1
        return claims
    }

    private func knownSession(_ id: SessionID) -> LiveSession? {
        guard let session = sessions.session(id, now: loop.now) else { return nil }
        counters.sessionHits += 1
        return session
    }

    private func claims(
        of token: String, verify: @Sendable (String) async throws -> AccessClaims
    ) async throws -> AccessClaims {
        counters.tokenMisses += 1
        let claims = try await verify(token)
        tokens.insert(token, claims, now: loop.now, wallClock: .now())
        return claims
    }

    private func liveSession(
        _ id: SessionID, load: @escaping @Sendable (SessionID) async throws -> LiveSession?
    ) async throws -> LiveSession? {
        counters.sessionMisses += 1
        // The epoch is part of the flight: who comes after a revocation must not board a load from before it.
        let epoch = sessions.epoch
        let loaded = try await flights.value(for: FlightKey(session: id, epoch: epoch)) {
            let began = MonotonicInstant.now()
            return Loaded(session: try await load(id), began: began)
        }
        // A session that is not there is not remembered: it costs its bearer a query each time, and nobody else anything.
        guard let session = loaded.session else { return nil }
        sessions.insert(session, id, epoch: epoch, loadBegan: loaded.began, now: loop.now)
        return session
    }
}

/// Counts since the store was made.
public struct SessionStoreStatistics: Sendable, Equatable {
    public internal(set) var tokenHits = 0
    public internal(set) var tokenMisses = 0
    public internal(set) var sessionHits = 0
    public internal(set) var sessionMisses = 0
    /// Remembered now.
    public internal(set) var tokens = 0
    public internal(set) var sessions = 0

    public init() {}

    mutating func add(_ other: SessionStoreStatistics) {
        tokenHits += other.tokenHits
        tokenMisses += other.tokenMisses
        sessionHits += other.sessionHits
        sessionMisses += other.sessionMisses
        tokens += other.tokens
        sessions += other.sessions
    }
}

// The session store as its callers see it: what is verified and loaded how often, and what a revocation does.

@testable import Actors
import Reactor
import Synchronization
import TestSupport
import Testing

private struct Refused: Error {}

/// The database and the verifier of a test.
private final class Backend: Sendable {
    let verifications = Tally()
    let loads = Tally()
    private let sessions = Mutex<[SessionID: LiveSession]>([:])

    func set(_ session: LiveSession?, _ id: String) {
        sessions.withLock { $0[SessionID(rawValue: id)] = session }
    }

    /// A token is `user.session`.
    func verify(_ token: String) throws -> AccessClaims {
        verifications.raise()
        let parts = token.split(separator: ".")
        guard parts.count == 2, let user = Int64(parts[0]) else { throw Refused() }
        return AccessClaims(
            userID: user, username: "old name", role: "admin", sessionID: SessionID(rawValue: String(parts[1])), tokenID: "t",
            expiresAt: .now() + .seconds(900))
    }

    func load(_ id: SessionID) -> LiveSession? {
        loads.raise()
        return sessions.withLock { $0[id] }
    }
}

extension SessionStore {
    fileprivate func principal(_ token: String, _ backend: Backend) async throws -> Principal {
        try await principal(forToken: token, verify: { try backend.verify($0) }, load: { backend.load($0) })
    }
}

private func alice(role: String = "user", isSessionActive: Bool = true, isUserActive: Bool = true) -> LiveSession {
    LiveSession(userID: 1, username: "alice", role: role, isSessionActive: isSessionActive, isUserActive: isUserActive)
}

/// Longer than any test takes.
private func patient() -> SessionStoreConfiguration {
    var configuration = SessionStoreConfiguration()
    configuration.freshness = .seconds(600)
    return configuration
}

@Suite struct SessionStoreTests {
    @Test func verifiesAndLoadsOnce() async throws {
        try await withLoop { isolation in
            let store = SessionStore(loop: isolation.loop, configuration: patient())
            let backend = Backend()
            backend.set(alice(), "s")
            for _ in 0..<5 {
                let principal = try await store.principal("1.s", backend)
                #expect(principal.userID == 1)
                #expect(principal.sessionID == SessionID(rawValue: "s"))
            }
            #expect(backend.verifications.count == 1)
            #expect(backend.loads.count == 1)
            await store.shutdown()
        }
    }

    @Test func roleAndNameAreTheDatabasesNotTheTokens() async throws {
        try await withLoop { isolation in
            let store = SessionStore(loop: isolation.loop, configuration: patient())
            let backend = Backend()
            backend.set(alice(role: "user"), "s")
            let principal = try await store.principal("1.s", backend)
            #expect(principal.username == "alice")
            #expect(!principal.isAdmin)
        }
    }

    @Test func refusedTokensAreNotRemembered() async throws {
        try await withLoop { isolation in
            let store = SessionStore(loop: isolation.loop, configuration: patient())
            let backend = Backend()
            for _ in 0..<3 {
                await #expect(throws: Refused.self) { try await store.principal("rubbish", backend) }
            }
            #expect(backend.verifications.count == 3)
            #expect(await store.statistics.tokens == 0)
        }
    }

    @Test func refusesEndedMissingForeignAndInactive() async throws {
        try await withLoop { isolation in
            let store = SessionStore(loop: isolation.loop, configuration: patient())
            let backend = Backend()
            backend.set(alice(isSessionActive: false), "ended")
            backend.set(alice(isUserActive: false), "inactive")
            backend.set(alice(), "alices")
            await #expect(throws: SessionError.sessionEnded) { try await store.principal("1.ended", backend) }
            await #expect(throws: SessionError.sessionEnded) { try await store.principal("1.missing", backend) }
            await #expect(throws: SessionError.sessionEnded) { try await store.principal("2.alices", backend) }
            await #expect(throws: SessionError.userInactive) { try await store.principal("1.inactive", backend) }
        }
    }

    @Test func revokedSessionIsRefusedByTheNextRequestOnEveryLoop() async throws {
        try await EventLoopGroup.withGroup(loops: 3) { loops in
            let group = SessionStoreGroup(loops: loops.loops, configuration: patient())
            let backend = Backend()
            backend.set(alice(), "s")
            for loop in loops.loops { _ = try await group[loop].principal("1.s", backend) }
            backend.set(alice(isSessionActive: false), "s")
            for loop in loops.loops { _ = try await group[loop].principal("1.s", backend) }
            await group.revoke(session: SessionID(rawValue: "s"))
            for loop in loops.loops {
                await #expect(throws: SessionError.sessionEnded) { try await group[loop].principal("1.s", backend) }
            }
            await group.shutdown()
        }
    }

    @Test func whatOthersEndedIsRefusedOnEveryLoop() async throws {
        for event in [
            ChangeFeed.Event.changed(ChangeSet(sessions: [SessionID(rawValue: "s")])), .changed(ChangeSet(users: [1])), .began, .ended,
        ] {
            try await EventLoopGroup.withGroup(loops: 2) { loops in
                let group = SessionStoreGroup(loops: loops.loops, configuration: patient())
                let backend = Backend()
                backend.set(alice(), "s")
                for loop in loops.loops { _ = try await group[loop].principal("1.s", backend) }
                backend.set(alice(isSessionActive: false), "s")
                group.apply(event)
                for loop in loops.loops {
                    try await #expect(
                        eventually(on: loops.loops[0]) {
                            do {
                                _ = try await group[loop].principal("1.s", backend)
                                return false
                            } catch {
                                return error as? SessionError == .sessionEnded
                            }
                        })
                }
                await group.shutdown()
            }
        }
    }

    @Test func changedRoleHoldsOnEveryLoopOnceTheUserIsRevoked() async throws {
        try await EventLoopGroup.withGroup(loops: 2) { loops in
            let group = SessionStoreGroup(loops: loops.loops, configuration: patient())
            let backend = Backend()
            for session in ["a", "b"] { backend.set(alice(), session) }
            for loop in loops.loops { for session in ["a", "b"] { _ = try await group[loop].principal("1.\(session)", backend) } }
            for session in ["a", "b"] { backend.set(alice(role: "admin"), session) }
            await group.revokeAll(user: 1)
            for loop in loops.loops {
                for session in ["a", "b"] { try await #expect(group[loop].principal("1.\(session)", backend).isAdmin) }
            }
            await group.shutdown()
        }
    }

    @Test func revocationElsewhereIsSeenWithinTheFreshness() async throws {
        try await withLoop { isolation in
            var configuration = SessionStoreConfiguration()
            configuration.freshness = .milliseconds(20)
            let store = SessionStore(loop: isolation.loop, configuration: configuration)
            let backend = Backend()
            backend.set(alice(), "s")
            _ = try await store.principal("1.s", backend)
            backend.set(nil, "s")
            try await #expect(eventually(on: isolation.loop) { (try? await store.principal("1.s", backend)) == nil })
        }
    }

    @Test func requestsOfOneSessionShareALoad() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let store = SessionStore(loop: loop, configuration: patient())
            let backend = Backend()
            backend.set(alice(), "s")
            let gate = LoopPromise<Void>(loop: loop)
            let requests = (0..<20).map { _ in
                Task(executorPreference: loop) {
                    try await store.principal(
                        forToken: "1.s", verify: { try backend.verify($0) },
                        load: { id in
                            try await gate.wait()
                            return backend.load(id)
                        })
                }
            }
            try await #expect(eventually(on: loop) { await store.statistics.sessionMisses == 20 })
            gate.succeed(())
            for request in requests { try await #expect(request.value.userID == 1) }
            #expect(backend.loads.count == 1)
        }
    }

    @Test func requestAfterARevocationDoesNotBoardALoadFromBeforeIt() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let store = SessionStore(loop: loop, configuration: patient())
            let backend = Backend()
            let gate = LoopPromise<Void>(loop: loop)
            let before = Task(executorPreference: loop) {
                try await store.principal(
                    forToken: "1.s", verify: { try backend.verify($0) },
                    load: { _ in
                        try await gate.wait()
                        return alice()
                    })
            }
            try await #expect(eventually(on: loop) { await store.statistics.sessionMisses == 1 })
            await store.revoke(session: SessionID(rawValue: "s"))
            await #expect(throws: SessionError.sessionEnded) { try await store.principal("1.s", backend) }
            gate.succeed(())
            _ = try await before.value
            await #expect(throws: SessionError.sessionEnded) { try await store.principal("1.s", backend) }
        }
    }

    @Test func memoryStaysBounded() async throws {
        try await withLoop { isolation in
            var configuration = patient()
            configuration.maxTokens = 10
            configuration.maxSessions = 5
            let store = SessionStore(loop: isolation.loop, configuration: configuration)
            let backend = Backend()
            for number in 0..<100 {
                backend.set(alice(), "\(number)")
                _ = try await store.principal("1.\(number)", backend)
            }
            let statistics = await store.statistics
            #expect(statistics.tokens == 10)
            #expect(statistics.sessions == 5)
        }
    }
}

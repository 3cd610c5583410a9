// Hashes and verifies passwords without letting them take the machine. An actor pinned to the first loop, asked by
// all; the work itself runs on the blocking pool.
//
// A hash costs 20 ms of a core and 19 MiB. A hundred logins at once must queue here, in order and in bounded number: on the pool
// they would stand in front of every file and every SQLite statement, and their memory would add up.

import Reactor

/// What a password is to a stored hash.
enum PasswordVerdict: Sendable, Hashable {
    case wrong
    case right
    /// Right, but hashed at another cost than is configured now: the moment to hash anew.
    case rightButOutdated
}

/// Argon2id behind a first-come, first-served gate. One a process.
actor PasswordHasher {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let parameters: Argon2Parameters
    private let maxConcurrent: Int
    private let maxWaiting: Int
    private let patience: Duration
    /// Verified in the place of a hash that is not there, at the same cost. Nobody knows a password to it.
    private let decoy: String

    private var running = 0
    private var waiting: [LoopPromise<Void>] = []

    /// - Parameters:
    ///   - maxConcurrent: hashes at once; fewer than the blocking pool has threads.
    ///   - maxWaiting: calls in the queue; more are refused with 503.
    ///   - patience: how long a call may wait for its turn.
    init(
        loop: EventLoop, parameters: Argon2Parameters = .standard, maxConcurrent: Int, maxWaiting: Int = 128,
        patience: Duration = .seconds(5)
    ) {
        self.loop = loop
        self.parameters = parameters
        self.maxConcurrent = max(1, maxConcurrent)
        self.maxWaiting = maxWaiting
        self.patience = patience
        decoy = PasswordHasher.decoy(parameters)
    }

    /// A PHC string of `password` with a fresh salt.
    ///
    /// Cancelling the task ends the wait for a turn; a hash that has begun is finished.
    /// - Throws: `APIError` 503 where too many are waiting; `PasswordHashError`.
    func hash(_ password: String) async throws -> String {
        let parameters = self.parameters
        return try await inTurn { try PasswordHash.hash(password, parameters: parameters) }
    }

    /// Compares `password` with a stored hash.
    ///
    /// Without one, or with one of another kind, it takes as long as with one and is wrong: time does not tell whether a user
    /// exists.
    /// - Throws: as ``hash(_:)``.
    func verify(_ password: String, against stored: String?) async throws -> PasswordVerdict {
        let cost = stored.flatMap(PasswordHash.parameters(of:))
        let reference = cost == nil ? decoy : stored ?? decoy
        let isRight = try await inTurn { PasswordHash.verify(password, against: reference) }
        guard isRight, let cost else { return .wrong }
        return cost == parameters ? .right : .rightButOutdated
    }

    private func inTurn<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await loop.runBlocking(work)
    }

    private func enter() async throws {
        guard running >= maxConcurrent else {
            running += 1
            return
        }
        guard waiting.count < maxWaiting else { throw APIError.unavailable(code: "OVERLOADED", "Too many logins at once") }
        let promise = LoopPromise<Void>(loop: loop)
        waiting.append(promise)
        let timer = LoopTimer(loop: loop)
        timer.start(after: patience) { promise.fail(APIError.unavailable(code: "OVERLOADED", "Too many logins at once")) }
        defer { timer.stop() }
        do {
            // Whoever leaves hands the place over, so `running` stays as it is.
            try await promise.wait()
        } catch {
            waiting.removeAll { $0 === promise }
            throw error
        }
    }

    private func leave() {
        while !waiting.isEmpty {
            // False: it gave up a moment ago, and the place is the next one's.
            if waiting.removeFirst().succeed(()) { return }
        }
        running -= 1
    }

    /// A well-formed hash of nothing: zeros for salt and digest.
    private static func decoy(_ parameters: Argon2Parameters) -> String {
        let salt = String(repeating: "A", count: 22)
        let digest = String(repeating: "A", count: 43)
        return "$argon2id$v=19$m=\(parameters.memoryKiB),t=\(parameters.passes),p=\(parameters.lanes)$\(salt)$\(digest)"
    }
}

// Hashes and verifies passwords without letting them take the machine. An actor pinned to the first loop, asked by
// all; the work itself runs on threads of the low priority, so that requests do not feel it.
//
// A hash costs 20 ms of a core and 19 MiB, one of bcrypt ten times as long. A hundred logins at once must queue here, in order and
// in bounded number: their memory would add up.

import Reactor

/// What a password is to a stored hash.
enum PasswordVerdict: Sendable, Hashable {
    case wrong
    case right
    /// Right, but hashed at another cost than is configured now, or with bcrypt: the moment to hash anew.
    case rightButOutdated
}

/// How many hashes of each kind were computed since the start, for whatever reason.
struct HashCounts: Sendable, Hashable {
    var argon2 = 0
    var bcrypt = 0
}

/// Argon2id, and bcrypt for those who come from elsewhere, behind a first-come, first-served gate. One a process.
actor PasswordHasher {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let parameters: Argon2Parameters
    private let maxConcurrent: Int
    private let maxWaiting: Int
    private let patience: Duration
    /// Verified in the place of a hash that is not there, at the same cost. Nobody knows a password to it.
    private let decoy: String
    /// The bcrypt cost that was met last, within reason: one odd row must not make every wrong login take seconds. Nil while
    /// nobody with such a hash has come.
    private var bcryptCost: Int?
    private static let maxDecoyCost = 13
    private(set) var counts = HashCounts()

    private var running = 0
    private var waiting: [LoopPromise<Void>] = []

    /// - Parameters:
    ///   - maxConcurrent: hashes at once.
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
    func hash(_ password: Text) async throws -> String {
        let parameters = self.parameters
        counts.argon2 += 1
        return try await inTurn { try PasswordHash.hash(password, parameters: parameters) }
    }

    /// Compares `password` with a stored hash.
    ///
    /// Every wrong answer costs the same, so time does not tell whether a user exists: one Argon2id hash, be it a decoy's, and
    /// once bcrypt hashes have been met one of those too. Exact where all of these have one cost, as passlib's have.
    /// - Throws: as ``hash(_:)``.
    func verify(_ password: Text, against stored: String?) async throws -> PasswordVerdict {
        let bcrypt = stored.flatMap(BcryptHash.cost(of:))
        if let bcrypt { bcryptCost = min(bcrypt, PasswordHasher.maxDecoyCost) }
        if let stored, bcrypt != nil, try await isRight(password, ofBcrypt: stored) { return .rightButOutdated }
        let cost = stored.flatMap(PasswordHash.parameters(of:))
        let reference = cost == nil ? decoy : stored ?? decoy
        counts.argon2 += 1
        let isRight = try await inTurn { PasswordHash.verify(password, against: reference) }
        if isRight, let cost { return cost == parameters ? .right : .rightButOutdated }
        if bcrypt == nil, let bcryptCost { _ = try await self.isRight(password, ofBcrypt: BcryptHash.decoy(cost: bcryptCost)) }
        return .wrong
    }

    private func isRight(_ password: Text, ofBcrypt hash: String) async throws -> Bool {
        counts.bcrypt += 1
        return try await inTurn { BcryptHash.verify(password, against: hash) }
    }

    private func inTurn<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await loop.runInBackground(work)
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

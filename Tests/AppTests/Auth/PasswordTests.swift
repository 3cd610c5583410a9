// Hashing behind the gate, and the passwords that everybody knows.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct PasswordHasherTests {
    /// Cheap: what is tested is not the cost.
    private static let parameters = Argon2Parameters(memoryKiB: 64, passes: 1, lanes: 1)

    private func withHasher(
        maxConcurrent: Int = 1, maxWaiting: Int = 128, patience: Duration = .seconds(5),
        _ body: @Sendable @escaping (PasswordHasher) async throws -> Void
    ) async throws {
        try await withLoop { isolation in
            try await body(
                PasswordHasher(
                    loop: isolation.loop, parameters: Self.parameters, maxConcurrent: maxConcurrent, maxWaiting: maxWaiting,
                    patience: patience))
        }
    }

    @Test func tellsRightFromWrong() async throws {
        try await withHasher { hasher in
            let hash = try await hasher.hash("correct horse battery")
            try await #expect(hasher.verify("correct horse battery", against: hash) == .right)
            try await #expect(hasher.verify("correct horse batter", against: hash) == .wrong)
            try await #expect(hasher.verify("", against: hash) == .wrong)
        }
    }

    @Test func noPasswordIsRightWhereThereIsNoHash() async throws {
        try await withHasher { hasher in
            let bcrypt = "$2b$12$abcdefghijklmnopqrstuuKx9mF0U8Xj1YlTQ2mF2eQ1XQh5Ad2mW"
            for stored in [nil, "", "!", "plaintext", bcrypt] {
                for password in ["plaintext", ""] {
                    let verdict = try await hasher.verify(Text(password), against: stored)
                    #expect(verdict == .wrong)
                }
            }
        }
    }

    @Test func noticesAHashOfAnotherCost() async throws {
        try await withHasher { hasher in
            let stored = try PasswordHash.hash("secret word", parameters: Argon2Parameters(memoryKiB: 32, passes: 1, lanes: 1))
            try await #expect(hasher.verify("secret word", against: stored) == .rightButOutdated)
            try await #expect(hasher.verify("another word", against: stored) == .wrong)
        }
    }

    @Test func servesAllWhoWaitInTurn() async throws {
        try await withHasher(maxConcurrent: 2) { hasher in
            let hash = try await hasher.hash("word")
            try await withThrowingTaskGroup(of: PasswordVerdict.self) { group in
                for _ in 0..<50 { group.addTask(executorPreference: hasher.loop) { try await hasher.verify("word", against: hash) } }
                for try await verdict in group { #expect(verdict == .right) }
            }
        }
    }

    @Test func refusesThoseWhoFindTheQueueFull() async throws {
        try await withHasher(maxConcurrent: 1, maxWaiting: 2) { hasher in
            let refused = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask(executorPreference: hasher.loop) {
                        do {
                            _ = try await hasher.hash("word")
                            return false
                        } catch let error as APIError {
                            #expect(error.status == .serviceUnavailable)
                            #expect(error.headers.contains { $0.name == "Retry-After" })
                            return true
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused > 0)
            #expect(refused <= 17)
            // The gate is open again.
            _ = try await hasher.hash("word")
        }
    }

    @Test func aWaitThatIsCancelledLeavesTheQueueInOrder() async throws {
        try await withHasher { hasher in
            let tasks = (0..<10).map { _ in Task(executorPreference: hasher.loop) { try await hasher.hash("word") } }
            for index in stride(from: 1, to: 10, by: 2) { tasks[index].cancel() }
            for (index, task) in tasks.enumerated() where index.isMultiple(of: 2) { _ = try await task.value }
            for task in tasks { _ = await task.result }
            _ = try await hasher.hash("word")
        }
    }

    @Test func aWaitThatLastsTooLongIsRefused() async throws {
        try await withHasher(patience: .zero) { hasher in
            let results = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 { group.addTask(executorPreference: hasher.loop) { (try? await hasher.hash("word")) != nil } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.contains(true))
            _ = try await hasher.hash("word")
        }
    }
}

@Suite struct CommonPasswordsTests {
    @Test(arguments: [
        "password123", "PASSWORD123", "admin123456", "12345678", "qwertyuiop", "aaaaaaaa", "abababab", "ada@example.com", "Ada", "ada",
    ])
    func refusesWhatEverybodyTriesFirst(_ password: String) {
        #expect(CommonPasswords.problem(with: Text(password), names: ["ada@example.com", nil]) != nil)
    }

    @Test(arguments: ["correct horse battery", "Tr0ub4dor&3", "ada's own secret", "пароль на каждый день"])
    func takesAnythingElse(_ password: String) {
        #expect(CommonPasswords.problem(with: Text(password), names: ["ada@example.com", "ada"]) == nil)
    }
}

// Command lines and what they end with. What they print goes to the test's own output.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite(.serialized) struct CommandTests {
    @Test(arguments: [["--help"], ["--version"], ["version"], ["routes"], ["serve", "--help"], ["config", "--markdown"]])
    func anAnswerIsASuccess(_ arguments: [String]) async {
        #expect(await ReactorCommand.run(arguments) == 0)
    }

    @Test(arguments: [
        ["nonsense"], ["serve", "--nonsense"], ["migrate", "down", "0"], ["migrate", "down", "many"], ["config", "--set", "NO_SUCH=1"],
        ["config", "--set", "PORT"],
    ])
    func wrongUsageIs2(_ arguments: [String]) async {
        #expect(await ReactorCommand.run(arguments) == 2)
    }

    @Test(arguments: [
        ["config", "--set", "PORT=none"], ["serve", "--port", "70000"], ["config", "--env-file", "/nonexistent/.env"],
        ["serve", "--set", "APP_ENV=production", "--set", "SECRET_KEY=short"],
        ["serve", "--set", "SECRET_KEY=one", "--set", "JWT_SECRET=two"],
        ["seed-admin", "--set", "APP_ENV=production", "--set", "SECRET_KEY=kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%"],
        [
            "seed-admin", "--set", "APP_ENV=production", "--set", "SECRET_KEY=kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%", "--email",
            "admin@local.com", "--password", "admin123456",
        ],
        [
            "seed-admin", "--set", "APP_ENV=production", "--set", "SECRET_KEY=kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%", "--email",
            "ops@example.com", "--password", "password123",
        ],
    ])
    func wrongConfigurationIs78(_ arguments: [String]) async {
        #expect(await ReactorCommand.run(arguments) == 78)
    }

    @Test func migratingAndSeedingWorkFromTheCommandLine() async throws {
        try await withTemporaryFolder { folder in
            let options = ["--set", "DATA_DIR=\(folder)", "--set", "DATABASE_URL=sqlite:\(folder)/cli.db"]
            #expect(await ReactorCommand.run(["migrate", "up"] + options) == 0)
            #expect(await ReactorCommand.run(["migrate", "status"] + options) == 0)
            #expect(await ReactorCommand.run(["seed-admin"] + options) == 0)
            #expect(await ReactorCommand.run(["seed-admin"] + options) == 0)
            #expect(await ReactorCommand.run(["migrate", "history"] + options) == 0)
            #expect(await ReactorCommand.run(["migrate", "down", "1", "--yes"] + options) == 0)
            #expect(await ReactorCommand.run(["migrate", "base", "--yes"] + options) == 0)
        }
    }

    @Test func seedingTheAddressOfAUserIs1UnlessAPromotionIsAskedFor() async throws {
        try await withTemporaryFolder { folder in
            let url = "sqlite:\(folder)/cli.db"
            let seed = ["seed-admin", "--set", "DATA_DIR=\(folder)", "--set", "DATABASE_URL=\(url)"]
            #expect(await ReactorCommand.run(seed) == 0)
            try await EventLoopGroup.withGroup(loops: 1) { group in
                let pool = DatabasePool(loop: group.loops[0], configuration: try DatabaseConfiguration(url: url))
                let work = Task(executorPreference: group.loops[0]) { try await pool.script("UPDATE users SET role = 'user'") }
                let result = await work.result
                await pool.shutdown()
                try result.get()
            }
            #expect(await ReactorCommand.run(seed) == 1)
            #expect(await ReactorCommand.run(seed + ["--promote"]) == 0)
            #expect(await ReactorCommand.run(seed) == 0)
        }
    }

    @Test func aDatabaseThatCannotBeReachedIs1() async throws {
        #expect(await ReactorCommand.run(["migrate", "up", "--set", "DATABASE_URL=sqlite:/proc/nowhere/reactor.db"]) == 1)
    }
}

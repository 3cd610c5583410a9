// Notifications over a connection of their own.

import Reactor
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.hasPostgres)) struct PostgresListenerTests {
    @Test func aNotificationOfAnotherConnectionIsHeard() async throws {
        try await withListener { heard, database, _ in
            try await #expect(eventually(on: database.loop) { heard.count == 1 })
            for expected in 2...4 {
                _ = try await database.execute(.write("SELECT pg_notify(current_schema(), '')"), [])
                try await #expect(eventually(on: database.loop) { heard.count == expected })
            }
        }
    }

    @Test func aConnectionThatBreaksIsMadeAgainAndItsLossIsMadeUpFor() async throws {
        try await withListener { heard, database, name in
            try await #expect(eventually(on: database.loop) { heard.count == 1 })
            let end = SQLStatement.write("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1")
            _ = try await database.execute(end, [.text(name)])
            // Whatever was missed in between: the handler looks for itself.
            try await #expect(eventually(on: database.loop) { heard.count == 2 })
            _ = try await database.execute(.write("SELECT pg_notify(current_schema(), '')"), [])
            try await #expect(eventually(on: database.loop) { heard.count == 3 })
        }
    }
}

/// Runs `body` beside a listener on the channel that is called like the test's schema.
private func withListener(
    _ body: @escaping @Sendable (_ heard: Tally, _ database: PostgresConnection, _ name: String) async throws -> Void
) async throws {
    let backend = TestDatabase.postgres
    try await backend.inTurn {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            try await backend.withConfiguration(on: loop) { configuration in
                guard case .postgres(var endpoint) = configuration.location else { return }
                let own = endpoint
                let name = "listener_\(UInt32.random(in: .min ... .max))"
                endpoint.options.append(.init(name: "application_name", value: name))
                let heard = Tally()
                let listener = PostgresListener(
                    loop: loop, endpoint: endpoint, configuration: configuration,
                    subscriptions: [
                        PostgresSubscription(channel: .read("SELECT CAST(current_schema() AS text)")) { event in
                            if case .ended = event { return }
                            heard.raise()
                        }
                    ])
                let listening = Task(executorPreference: loop) { await listener.run() }
                let work = Task(executorPreference: loop) {
                    try await loop.isolation.run { _ in
                        let database = try await PostgresConnection.connect(
                            to: own, configuration: configuration, isShared: true, loop: loop)
                        try await body(heard, database, name)
                        await database.close()
                    }
                }
                let result = await work.result
                listening.cancel()
                await listening.value
                try result.get()
            }
        }
    }
}

// What a server in production makes of its database before it listens.

import Actors
import Reactor
import Testing

@testable import App

@Suite struct SchemaCheckTests {
    @Test(arguments: TestSetup.all)
    func aChangedMigrationRefusesTheStart(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let pool = app.services.database
            try await Server.checkSchema(of: pool, logger: app.backend.logger)
            _ = try await pool.execute(.write("UPDATE schema_migrations SET checksum = 'another'"), [])
            await #expect(throws: MigrationError.self) { try await Server.checkSchema(of: pool, logger: app.backend.logger) }
        }
    }

    @Test func misnumberedMigrationsRefuseTheStart() async throws {
        try await TestApp.run { app in
            let twice = Migration.all + Migration.all
            await #expect(throws: MigrationError.misnumbered(version: 1)) {
                try await Server.checkSchema(of: app.services.database, known: twice, logger: app.backend.logger)
            }
        }
    }

    @Test func aDatabaseThatIsAwayOrBehindDoesNot() async throws {
        try await TestApp.run { app in
            let away = DatabasePool(loop: app.loop, configuration: try DatabaseConfiguration(url: "sqlite:/proc/nowhere/reactor.db"))
            try await Server.checkSchema(of: away, logger: app.backend.logger)
            await away.shutdown()
            #expect(app.log.text.contains("could not be looked at"))
            _ = try await app.services.database.execute(.write("DELETE FROM schema_migrations"), [])
            try await Server.checkSchema(of: app.services.database, logger: app.backend.logger)
            #expect(app.log.text.contains("migrations are pending"))
        }
    }
}
